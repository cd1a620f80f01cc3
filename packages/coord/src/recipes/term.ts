import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { Election, Leadership } from "./api.ts";
import { listen } from "./bounded.ts";
import { givenBack } from "./given-back.ts";
import { isLostForRoom, restMs, untilRoom } from "./no-room.ts";
import { pause } from "./pause.ts";
import { ignoreTyped } from "./run-held.ts";

/**
 * Campaigns, runs `fn` once elected, and gives the lead up. Resolves when that is done, when the signal ended it and `fn`
 * has settled, or when somebody deleted the place in line.
 * @throws FlotillaError as `Election.campaign`; what `fn` throws while it leads
 */
export async function leadOnce(
  session: Session,
  election: Election,
  fn: (leadership: Leadership) => Promise<void> | void,
  options: { readonly signal?: AbortSignal },
): Promise<void> {
  const leadership = await campaign(session, election, options);
  if (leadership === null) return;
  await lead(session, leadership, fn, options.signal);
  // Without a rest it would be elected, and lose the lead, again and again.
  if (isLostForRoom(leadership)) await pause(session.clock, restMs, options.signal);
}

/** Null when the caller's signal ended the wait, or somebody deleted the place in line. */
async function campaign(
  session: Session,
  election: Election,
  options: { readonly signal?: AbortSignal },
): Promise<Leadership | null> {
  try {
    const { signal = session.signal } = options;
    return await untilRoom(session.clock, signal, () => election.campaign(options));
  } catch (error) {
    if (options.signal?.aborted === true || FlotillaError.is(error, "ERR_FLOTILLA_LOST")) return null;
    throw error;
  }
}

async function lead(
  session: Session,
  leadership: Leadership,
  fn: (leadership: Leadership) => Promise<void> | void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const release = (): Promise<void> =>
    givenBack(session, leadership.release({ timeoutMs: Infinity })).catch(ignoreTyped);
  const stopListening = listen(signal, () => void release());
  try {
    if (!leadership.signal.aborted) await fn(leadership);
  } catch (error) {
    // Work that stops because leadership ended may well throw.
    if (!leadership.signal.aborted) throw error;
  } finally {
    stopListening();
    await release();
  }
}
