import type { Coord } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { ClientFlags, ClientSettings } from "./client.ts";
import { withCoord } from "./client.ts";
import type { Context } from "./context.ts";

/**
 * Runs something that lasts until the signal fires: again with a new session whenever the one before is lost.
 * @throws FlotillaError when no session was had at all, and for what another session would not change
 */
export async function withCoordsUntil(
  context: Context,
  flags: ClientFlags,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
  run: (coord: Coord, settings: ClientSettings) => Promise<void>,
): Promise<void> {
  const state = { wasConnected: false };
  while (!signal.aborted) {
    try {
      await withCoord(context, flags, (coord, settings) => {
        state.wasConnected = true;
        return run(coord, settings);
      });
    } catch (error) {
      if (!state.wasConnected || !mayPass(error)) throw error;
      context.out.note(`${what}: beginning anew, for ${error.message}`);
    }
  }
}

/** Whether a new session may do. */
function mayPass(error: unknown): error is FlotillaError {
  return FlotillaError.is(error) && (error.retryable || error.code === "ERR_FLOTILLA_SESSION_EXPIRED");
}
