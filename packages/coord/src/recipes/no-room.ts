import { type ErrorCode, FlotillaError } from "@flotilla/runtime";

/** Until what was refused for want of room is tried again, ms. */
export const restMs = 500;

/** Refusals that pass without any news of what they were for. */
const noRoom: ReadonlySet<ErrorCode> = new Set(["ERR_FLOTILLA_QUOTA", "ERR_FLOTILLA_LIMIT"]);

/** Refused by a budget or another bound. */
export function isNoRoom(error: unknown): boolean {
  return FlotillaError.is(error) && noRoom.has(error.code);
}
