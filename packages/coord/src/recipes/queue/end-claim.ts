import { FlotillaError } from "@flotilla/runtime";
import type { Fence, MultiItem, Session } from "../../client/api.ts";
import { patient } from "../patient.ts";
import { restMs } from "../no-room.ts";
import { pause } from "../pause.ts";

/**
 * Ends a claim in the first way that is not refused; resolves with which. When all are, as when there is no room for a dead
 * letter, gives the item back after a pause: its taker lives on, so nobody else would ever have it.
 * @param failed hears so before it is given back
 * @throws what refused the last way; that the claim is gone
 */
export async function endClaim(
  session: Session,
  fence: Fence,
  ways: readonly (readonly MultiItem[])[],
  failed: (error: unknown) => void,
): Promise<number> {
  const calls = patient(session, undefined);
  const own = { type: "check", ...fence } as const;
  let refusal: unknown;
  for (const [at, items] of ways.entries()) {
    try {
      await calls.multi([own, ...items]);
      return at;
    } catch (error) {
      refusal = error;
      if (isGone(error) || session.signal.aborted) break;
    }
  }
  failed(refusal);
  if (!isGone(refusal) && !session.signal.aborted) {
    await pause(session.clock, restMs, session.signal);
    await calls.multi([own, { type: "delete", path: fence.path }]);
  }
  throw refusal;
}

/** The claim does not stand any more, or its taker. */
export function isGone(error: unknown): boolean {
  return FlotillaError.is(error, "ERR_FLOTILLA_FENCED") || FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND");
}
