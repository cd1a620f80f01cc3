/** How many letters are to be put in, left out or changed, whatever their case. */
function distance(from: string, to: string): number {
  const wanted = to.toLowerCase();
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const letter of from.toLowerCase()) {
    const next = [(row[0] ?? 0) + 1];
    for (let at = 0; at < wanted.length; at += 1) {
      const changed = (row[at] ?? 0) + (letter === wanted[at] ? 0 : 1);
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** An option that nobody reads: a slip of the pen would count as an option left out. */
export interface UnknownOption {
  readonly name: string;
  readonly nearest: string;
}

/** The first such one; null when there is none. What is undefined is left out. */
export function unknownOption(options: object, known: ReadonlySet<string>): UnknownOption | null {
  for (const name of Object.keys(options)) {
    if (known.has(name) || Reflect.get(options, name) === undefined) continue;
    const [nearest = ""] = [...known].toSorted((a, b) => distance(name, a) - distance(name, b));
    return { name, nearest };
  }
  return null;
}
