import { invariant } from "@flotilla/runtime";
import type { Read } from "./event.ts";
import { isEstablished } from "./leader-log.ts";
import type { ReadReply, ReadRequest } from "./message.ts";
import { isQuorum, reachedByQuorum } from "./quorum.ts";
import type { Limits } from "./options.ts";
import type { PendingRead } from "./read-queue.ts";
import type { RaftState } from "./state.ts";
import type { Index, NodeId } from "./types.ts";

function answer(s: RaftState, read: PendingRead, index: Index | null): void {
  if (read.peer === null) s.results.reads.push({ id: read.id, index });
  else s.outbox.send(read.peer, { type: "read-reply", term: s.term, id: read.id, index });
}

function refuseLocal(s: RaftState, ids: readonly number[]): void {
  for (const id of ids) s.results.reads.push({ id, index: null });
}

function queue(s: RaftState, read: PendingRead, { maxReads }: Limits): void {
  const { leading } = s;
  if (leading === null || leading.reads.size >= maxReads) {
    answer(s, read, null);
    return;
  }
  if (!isEstablished(s)) s.probe("raft-read-before-first-commit");
  leading.reads.add(read);
}

/**
 * True while nobody else can lead: a quorum, this leader included, is pledged to it. What is committed now is then all
 * that is, wherever it was committed.
 */
function hasLease(s: RaftState): boolean {
  const { leading, config, now } = s;
  if (leading === null || !config.leaseReads || config.index > s.log.commit || !isEstablished(s))
    return false;
  return isQuorum(config, ({ id, incarnation }) => id === s.id || leading.lease.countsOn(incarnation, now));
}

/** Answers from the lease, or after a round. */
function serve(s: RaftState, read: PendingRead): void {
  if (!hasLease(s)) return queue(s, read, s.limits);
  s.results.leaseReads += 1;
  answer(s, read, s.log.commit);
}

/**
 * A local caller asks for a read point. One for the leader only asks for a round, whatever lease there is: all leases may
 * hang on it, so that it is taken up where other reads are refused.
 */
export function readLocally(s: RaftState, { id, leaderOnly }: Read): void {
  if (s.role === "leader" && leaderOnly) queue(s, { peer: null, id }, s.reservedLimits);
  else if (s.role === "leader") serve(s, { peer: null, id });
  else if (leaderOnly || s.leader === null || s.asked.reads.size >= s.limits.maxReads) refuseLocal(s, [id]);
  else s.asked.reads.add(id, s.tick);
}

/** A peer asks for a read point. */
export function onReadRequest(s: RaftState, from: NodeId, { id }: ReadRequest): void {
  serve(s, { peer: from, id });
}

/** The leader answers a batch of local reads. */
export function onReadReply(s: RaftState, from: NodeId, { id, index }: ReadReply): void {
  if (from !== s.leader) return;
  for (const read of s.asked.reads.answered(id, index === null) ?? [])
    s.results.reads.push({ id: read, index });
}

/**
 * True when local reads wait and the leader may be asked for them. The request names the term, so they wait until that
 * is durable: the answer may find the next life of this node.
 */
function mayAskForReads({ asked, term, durableHard }: RaftState): boolean {
  return asked.reads.hasWaiting && durableHard.term === term;
}

/** One request for all local reads that wait. */
export function askForReads(s: RaftState): void {
  if (!mayAskForReads(s)) return;
  const { asked, leader, term } = s;
  invariant(leader !== null && leader !== s.id, "ReadsWaitForLeader");
  const id = asked.reads.ask(s.tick);
  s.outbox.sendWhenDurable(leader, { type: "read-request", term, id }, s.gate(0));
}

/** Whatever the leader was asked for is refused: its answer would not count any more. */
export function refuseAskedReads(s: RaftState): void {
  refuseLocal(s, s.asked.reads.clear());
}

/** Refuses what the leader has not answered within an election timeout, or could not be asked for as long. */
export function expireAskedReads(s: RaftState): void {
  refuseLocal(s, s.asked.reads.expire(s.tick - s.electionTicks));
}

/** A leader that is none any more confirms nothing. */
export function refuseLeaderReads(s: RaftState): void {
  for (const read of s.leading?.reads.clear() ?? []) answer(s, read, null);
}

/** True when reads wait for a round and none that could still answer is under way. */
export function needsReadRound(s: RaftState): boolean {
  return s.leading !== null && isEstablished(s) && s.leading.reads.hasWaiting && !s.leading.reads.hasRound;
}

/** True when reads wait for something that can be done now: a round, or a question to the leader. */
export function hasReads(s: RaftState): boolean {
  return needsReadRound(s) || mayAskForReads(s);
}

/** Answers the reads of every round that a majority has answered, this leader included if it votes. */
export function confirmReads(s: RaftState): void {
  const { leading } = s;
  if (leading === null || !leading.reads.hasRound) return;
  const answered = reachedByQuorum(s.config, (id) =>
    id === s.id ? leading.round : (leading.progress.get(id)?.round ?? 0),
  );
  for (const { index, reads } of leading.reads.confirm(answered)) {
    for (const read of reads) answer(s, read, index);
  }
}
