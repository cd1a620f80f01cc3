// A job that runs in one of all processes.
import { withSession } from "./with-session.mjs";

/** Runs `job` wherever this process leads, until `signal` fires. */
export function onLeader(node, name, job, signal) {
  const lead = (coord) => {
    const election = coord.election(name, { id: node.id });
    return election.run((leadership) => job(leadership, coord.session), { signal });
  };
  return withSession(node, lead, signal);
}
