import type { Clock } from "@flotilla/runtime";

/** Counts timers that were set and neither fired nor were cancelled. */
export function counting(clock: Clock): {
  readonly clock: Clock;
  readonly pending: () => number;
  readonly set: () => number;
} {
  let pending = 0;
  let set = 0;
  return {
    pending: () => pending,
    set: () => set,
    clock: {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      defer: (fn) => clock.defer(fn),
      setTimer: (delayMs, fn) => {
        let done = false;
        const end = (): void => {
          if (!done) pending -= 1;
          done = true;
        };
        pending += 1;
        set += 1;
        const timer = clock.setTimer(delayMs, () => {
          end();
          fn();
        });
        return {
          cancel: () => {
            end();
            timer.cancel();
          },
        };
      },
    },
  };
}
