import type { Clock } from "@flotilla/runtime";
import { listen } from "./bounded.ts";

/** Resolves after so long, and early when the signal fires. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = listen(signal, () => {
      timer.cancel();
      resolve();
    });
  });
}
