import type { FlotillaErrorOptions } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { SessionState } from "./api.ts";

/** Of a call that a session which is over cannot make, or left unanswered. */
export function goneError(state: SessionState, options: FlotillaErrorOptions): FlotillaError {
  return state === "lost"
    ? new FlotillaError("ERR_FLOTILLA_SESSION_EXPIRED", "the session was lost", options)
    : new FlotillaError("ERR_FLOTILLA_CLOSED", "the session was closed", options);
}

/** Of a session that no server opened in time; `reason` is what the last one said. */
export function unopenedError(
  timeout: FlotillaError,
  wasReached: boolean,
  reason: FlotillaError | undefined,
): FlotillaError {
  const cause = reason ?? timeout;
  const why = reason === undefined ? "" : `: ${reason.message}`;
  return wasReached
    ? new FlotillaError(
        "ERR_FLOTILLA_NO_QUORUM",
        `${timeout.message}: no server could open a session${why}`,
        { cause },
      )
    : new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `${timeout.message}: no server was reached${why}`, {
        cause,
      });
}
