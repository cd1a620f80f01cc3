import { FlotillaError, invariant } from "@flotilla/runtime";
import { decodeCommand } from "./command-codec.ts";
import type { ApplyPoint } from "./machine-api.ts";
import type { KvCommand } from "./types.ts";

/** Stops a machine that is handed an entry of the log out of order. */
export function requireOrder(last: number, at: ApplyPoint): void {
  invariant(at.index > last && Number.isSafeInteger(at.timeMs), "ApplyOrder", { index: at.index });
}

/**
 * A command as it stands in the log.
 * @throws FlotillaError `ERR_FLOTILLA_INTERNAL` for bytes that are none, `ERR_FLOTILLA_UNSUPPORTED` for one of a higher
 *   feature level than `newest`
 */
export function decodeLogged(payload: Uint8Array, newest: number): KvCommand {
  try {
    return decodeCommand(payload, newest);
  } catch (cause) {
    const code = FlotillaError.is(cause, "ERR_FLOTILLA_UNSUPPORTED") ? cause.code : "ERR_FLOTILLA_INTERNAL";
    const reason = cause instanceof Error ? cause.message : "unreadable";
    throw new FlotillaError(code, `the log holds a command that this node cannot read: ${reason}`, { cause });
  }
}

/** As {@link decodeLogged}; null for what cannot be read. */
export function decodeOrNull(payload: Uint8Array, newest: number): KvCommand | null {
  try {
    return decodeCommand(payload, newest);
  } catch {
    return null;
  }
}
