/** Whoever has been there for longest. */
export function firstOf<T extends { readonly czxid: number }>(all: Iterable<T>): T | undefined {
  return [...all].toSorted((a, b) => a.czxid - b.czxid)[0];
}
