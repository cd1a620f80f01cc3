import type { Events } from "./events.ts";
import { eventLine } from "./events.ts";
import type { Fleet } from "./fleet.ts";
import type { MemberProcess } from "./process.ts";
import type { Queries } from "./queries.ts";
import type { MemberRow, ViewState } from "./view.ts";
import type { Writes } from "./writes.ts";

export interface ViewParts {
  readonly fleet: Fleet;
  readonly queries: Queries;
  readonly writes: Writes;
  readonly events: Events;
  readonly elapsedMs: number;
  readonly leaderForMs: number;
  readonly documents: number;
  readonly busy: string | null;
}

/** What the view shows of the supervisor's knowledge. */
export function viewState(parts: ViewParts): ViewState {
  const { fleet, queries, writes, events, elapsedMs, leaderForMs, documents, busy } = parts;
  const { leader } = fleet;
  return {
    elapsedMs,
    documents,
    members: fleet.members.map((member) => memberRow(member, fleet)),
    leader: leader === null ? null : { id: leader.id, epoch: leader.epoch, forMs: leaderForMs },
    workers: fleet.workers,
    answered: queries.answered,
    wrong: queries.wrong,
    retried: queries.retried,
    staleRefused: fleet.staleRefused,
    writes: writes.stamps.count,
    busy,
    events: events.recent.map(eventLine),
  };
}

function memberRow(member: MemberProcess, fleet: Fleet): MemberRow {
  const { id, pid, state, status, spec } = member;
  const node = status?.node ?? null;
  const voter =
    node === null
      ? null
      : { role: node.role, term: node.term, applied: node.applied, lag: fleet.lag(member) };
  const job =
    status === null ? "-" : status.leading !== null ? "leads" : status.registered ? "works" : "waits";
  return { id, pid, state, voter, hostsVoter: spec.voter !== null, job };
}
