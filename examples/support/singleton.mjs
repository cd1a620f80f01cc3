// Jobs that are done in one of all processes.
import { withSession } from "./with-session.mjs";

const onError = (error, { id }) => console.error(`${id}: ${error.message}`);

/** Does `job` wherever this process leads, until `signal` fires. */
export function onLeader(node, name, job, signal) {
  const lead = (coord) => {
    const election = coord.election(name, { id: node.id });
    return election.run((leadership) => job(leadership, coord.session), { signal });
  };
  return withSession(node, lead, signal);
}

/** Does `job` at those ticks of a schedule that this process takes up, until `signal` fires: each tick is one process's. */
export function onTick(node, { name, ...options }, job, signal) {
  const takePart = (coord) =>
    coord.cron(name, options).run((run) => job(run, coord.session), { signal, onError });
  return withSession(node, takePart, signal);
}
