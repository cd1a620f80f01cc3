/** A moment as calendars take it. It reads no clock: the moment is the caller's. */
export function momentOf(ms: number): Date {
  // oxlint-disable-next-line no-restricted-globals -- the rule is about what time it is
  return new Date(ms);
}
