import type { Session } from "./session-table.ts";
import type { State } from "./state.ts";
import type { SessionInfo } from "./types.ts";

/** What there is to tell of a session. Costs by the number of its leases. */
export function sessionInfo({ tree, sessions }: State, session: Session): SessionInfo {
  const { id, ttlMs, attach, window } = session;
  const leases = sessions.leasesOf(id);
  let nodes = 0;
  for (const lease of leases) nodes += tree.owned(lease).size;
  const doomed = sessions.lease(id)?.doomed ?? false;
  return { id, ttlMs, attach, lastSeq: window.lastSeq, leases: leases.size, nodes, doomed };
}
