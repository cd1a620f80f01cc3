import { type Clock, type ErrorCode, FlotillaError } from "@flotilla/runtime";
import { pause } from "./pause.ts";

/** Until what was refused for want of room is tried again, ms. */
export const restMs = 500;

/** Refusals that pass without any news of what they were for. */
const noRoom: ReadonlySet<ErrorCode> = new Set(["ERR_FLOTILLA_QUOTA", "ERR_FLOTILLA_LIMIT"]);

/** Refused by a budget or another bound. */
export function isNoRoom(error: unknown): boolean {
  return FlotillaError.is(error) && noRoom.has(error.code);
}

/** Does something that is to go on, after a rest anew for as long as there is no room for it and the signal has not fired. */
export async function untilRoom<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isNoRoom(error)) throw error;
    }
    await pause(clock, restMs, signal);
    signal.throwIfAborted();
  }
}

/** Whether what was held was lost because there was no room for the watch of its node: as it would be again at once. */
export function isLostForRoom({ signal }: { readonly signal: AbortSignal }): boolean {
  const reason: unknown = signal.reason;
  return reason instanceof Error && isNoRoom(reason.cause);
}
