// Work that needs a session, for as long as the app lives.
import { FlotillaError } from "@flotilla/coord";

/** Runs `work` until `signal` fires, with a new session whenever one was lost. */
export async function withSession(node, work, signal) {
  while (!signal.aborted) {
    try {
      const coord = await node.connect({ signal, sessionTtlMs: 1_500 }); // its place is taken within 1.5 s and a little
      await work(coord);
      await coord.close(); // whoever is next has it at once
    } catch (error) {
      if (!signal.aborted && !FlotillaError.is(error, "ERR_FLOTILLA_SESSION_EXPIRED")) throw error;
    }
  }
}
