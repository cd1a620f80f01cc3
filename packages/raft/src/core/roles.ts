import { invariant } from "@flotilla/runtime";
import { dropForwarded, settleLeaderProposals } from "./proposals.ts";
import { refuseAskedReads, refuseLeaderReads } from "./reads.ts";
import type { RaftState } from "./state.ts";
import type { NodeId, Term } from "./types.ts";

/** Notes who leads. Whatever was asked of another leader is settled: it will not be answered. */
export function setLeader(s: RaftState, leader: NodeId | null): void {
  if (s.leader === leader) return;
  dropForwarded(s);
  refuseAskedReads(s);
  s.leader = leader;
  s.fast.deadlineMs = null;
  if (s.role === "follower") s.tally = null;
}

/** Follows `leader`, or nobody yet, in `term`, which is this one or a later one. The vote of this term stays. */
export function becomeFollower(s: RaftState, term: Term, leader: NodeId | null): void {
  if (term !== s.term) s.enterTerm(term);
  if (s.leading !== null) stopLeading(s);
  s.role = "follower";
  s.tally = null;
  setLeader(s, leader);
}

function stopLeading(s: RaftState): void {
  settleLeaderProposals(s);
  refuseLeaderReads(s);
  s.leading = null;
  s.restartWait();
}

/** The leader of this term spoke: follow it and wait anew. */
export function heardLeader(s: RaftState, from: NodeId): void {
  const { role, leader, term } = s;
  const isSafe = role !== "leader" && (leader === null || leader === from);
  if (!isSafe) invariant(false, "ElectionSafety", { term, self: s.id, role, leader, other: from });
  if (s.role !== "follower") becomeFollower(s, s.term, from);
  setLeader(s, from);
  s.leaderHeardTick = s.tick;
  // A wait that began in this tick was drawn for it.
  if (s.waitingSince !== s.tick) s.restartWait();
}
