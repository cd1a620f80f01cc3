// A job that runs in one of all processes, for as long as the app does.
import { FlotillaError } from "@flotilla/coord";

/** Runs `job` wherever this process leads, until `signal` fires; with a new session when one was lost. */
export async function onLeader(node, name, job, signal) {
  while (!signal.aborted) {
    try {
      const coord = await node.connect({ signal, sessionTtlMs: 1_500 }); // replaced within 1.5 s and a little
      const election = coord.election(name, { id: node.id });
      await election.run((leadership) => job(leadership, coord.session), { signal });
      await coord.close(); // whoever is next leads at once
    } catch (error) {
      if (!signal.aborted && !FlotillaError.is(error, "ERR_FLOTILLA_SESSION_EXPIRED")) throw error;
    }
  }
}
