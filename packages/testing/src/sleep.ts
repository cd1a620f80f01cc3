import { onAbort } from "@flotilla/coord/parts";

/** Resolves when the timer fires; rejects with the reason of the signal, which any number may sleep with. */
export function sleepOn(
  setTimer: (fn: () => void) => { cancel(): void },
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const timer = setTimer(() => {
      stopListening();
      resolve();
    });
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const stopListening = signal === undefined ? (): void => {} : onAbort(signal, abort);
  });
}
