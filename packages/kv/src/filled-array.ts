/** An array of its full length at once: what grows is copied again and again. */
export function filledArray<T>(length: number, value: T): T[] {
  const array: T[] = [];
  array.length = length;
  return array.fill(value);
}
