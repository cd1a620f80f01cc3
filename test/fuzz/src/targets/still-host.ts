import type { Clock, Random } from "@flotilla/runtime";

/** A clock on which nothing happens. */
export const clock: Clock = {
  now: () => 0,
  wallNow: () => 0,
  setTimer: () => ({ cancel: () => {} }),
  defer: () => {},
};

/** The same every time. */
export const random: Random = {
  u32: () => 7,
  below: () => 0,
  float: () => 0.5,
  bytes: (length) => new Uint8Array(length).fill(7),
};
