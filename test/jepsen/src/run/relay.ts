/**
 * Works on items, two at a time at most: each is begun once the one before has passed on, or has ended, and the one before
 * that has ended. Gives what comes of them, in their order.
 */
export async function* relay<T, R>(
  items: Iterable<T>,
  work: (item: T, passOn: () => void) => Promise<R>,
): AsyncGenerator<R, void> {
  let before: Promise<R> | null = null;
  for (const item of items) {
    const { result, passedOn } = begin(item, work);
    if (before !== null) yield await before;
    await passedOn;
    before = result;
  }
  if (before !== null) yield await before;
}

interface Begun<R> {
  readonly result: Promise<R>;
  readonly passedOn: Promise<void>;
}

function begin<T, R>(item: T, work: (item: T, passOn: () => void) => Promise<R>): Begun<R> {
  const passing = new AbortController();
  const passedOn = new Promise<void>((resolve) => {
    passing.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const passOn = (): void => passing.abort();
  const result = work(item, passOn);
  // How it failed is heard of in its turn.
  result.then(passOn, passOn);
  return { result, passedOn };
}
