const hostSetImmediate: typeof setImmediate = setImmediate;

/** Resolves once every microtask, and what they spawned, has run. Works while the globals are forbidden. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    hostSetImmediate(resolve);
  });
}
