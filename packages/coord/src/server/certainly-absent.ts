import { FlotillaError } from "@flotilla/runtime";

/** Whether a proposal that was rejected with `error` is in no log, and never will be. */
export function isCertainlyAbsent(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_DROPPED") || FlotillaError.is(error, "ERR_FLOTILLA_OVERLOADED")
  );
}
