function median(a: string, b: string, c: string): string {
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}

/** Moves what is less than a text before it, and what is more behind it. Returns where both end. */
function split(items: string[], from: number, to: number): { readonly less: number; readonly more: number } {
  const at = (place: number): string => items[place] ?? "";
  const pivot = median(at(from), at((from + to) >>> 1), at(to));
  let more = from;
  let less = to;
  while (more <= less) {
    while (at(more) < pivot) more += 1;
    while (at(less) > pivot) less -= 1;
    if (more > less) break;
    const other = at(more);
    items[more] = at(less);
    items[less] = other;
    more += 1;
    less -= 1;
  }
  return { less, more };
}

/** Drops all but the `count` smallest, which stay in no order. As a rule O(n). */
export function keepSmallest(items: string[], count: number): void {
  if (items.length <= count) return;
  let from = 0;
  let to = items.length - 1;
  while (from < to) {
    const { less, more } = split(items, from, to);
    if (count <= less) to = less;
    else if (count >= more) from = more;
    else break;
  }
  items.length = count;
}
