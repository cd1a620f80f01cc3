import { checkedLimits } from "../client/call.ts";
import { sharedController } from "../shared-controller.ts";
import { listen } from "./bounded.ts";

/**
 * The values of a generator, which ends in order when the signal it is given fires: that of the caller, or an early
 * `return`, which a plain generator hears of only once a `next` that waits has come back.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` at the first `next` for a signal that is none
 */
export function endable<T>(
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const ending = sharedController();
  const values = until(signal, ending, open);
  const end = values.return.bind(values);
  return Object.assign(values, {
    return: (): ReturnType<typeof end> => {
      ending.abort();
      return end();
    },
  });
}

async function* until<T>(
  signal: AbortSignal | undefined,
  ending: AbortController,
  open: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  checkedLimits(signal === undefined ? {} : { signal }, Number.POSITIVE_INFINITY);
  const stopListening = listen(signal, (reason) => ending.abort(reason));
  try {
    yield* open(ending.signal);
  } finally {
    stopListening();
  }
}
