import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { bounded, longestWaitMs } from "../bounded.ts";
import { follow } from "../follow.ts";
import { nodeIn } from "../node-in.ts";

/**
 * Waits until an id is free that another session has: that of a process that died has it until it ends.
 * @throws FlotillaError `taken` when the time is over, and at once when the id would not come free by itself;
 *   `ERR_FLOTILLA_ABORTED`, and what ends the session
 */
export async function whenVacant(
  session: Session,
  path: string,
  taken: FlotillaError,
  options: CallOptions,
): Promise<void> {
  const { clock, signal: end } = session;
  const bounds = { clock, options, fallbackMs: longestWaitMs, end, what: `waiting for ${path}` };
  try {
    await bounded(bounds, (signal) => untilGone(session, path, taken, signal));
  } catch (error) {
    throw FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT") ? taken : error;
  }
}

async function untilGone(
  session: Session,
  path: string,
  taken: FlotillaError,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of follow(session, { path, kind: "data", signal })) {
    const node = nodeIn(event);
    if (node === null) return;
    const { ephemeralOwner } = node.stat;
    if (ephemeralOwner === null || ephemeralOwner === session.leaseId) throw taken;
  }
  signal.throwIfAborted();
}
