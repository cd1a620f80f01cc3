/** Resolves once every promise that can settle has: they do so before the next turn of the event loop. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
