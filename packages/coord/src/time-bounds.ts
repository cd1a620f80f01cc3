/** How far any monotonic clock may run fast or slow. Part of every lease's arithmetic, on both sides. */
export const driftBound: number = 0.02;

/** How long a client believes in a lease after the send of a confirmed renewal, ms. */
export function believedMs(ttlMs: number): number {
  return ttlMs * (1 - driftBound);
}

/** How long the leader waits after the receipt of a renewal before it ends a lease, ms. */
export function awaitedMs(ttlMs: number): number {
  return ttlMs * (1 + driftBound);
}
