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

function askedReads(s: RaftState): number {
  let count = s.asked.waitingReads.length;
  for (const batch of s.asked.reads.values()) count += batch.ids.length;
  return count;
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
  else if (leaderOnly || s.leader === null || askedReads(s) >= s.limits.maxReads) refuseLocal(s, [id]);
  else s.asked.waitingReads.push(id);
}

/** A peer asks for a read point. */
export function onReadRequest(s: RaftState, from: NodeId, { id }: ReadRequest): void {
  serve(s, { peer: from, id });
}

/**
 * The leader answers a batch of local reads. A read point is one for the batches before it as well, since they were asked
 * for earlier: whatever was lost of them delays no read beyond those that came later.
 */
export function onReadReply(s: RaftState, from: NodeId, { id, index }: ReadReply): void {
  const { reads } = s.asked;
  if (!reads.has(id) || from !== s.leader) return;
  for (const [earlier, batch] of reads) {
    if (earlier > id) break;
    if (earlier < id && index === null) continue;
    reads.delete(earlier);
    for (const read of batch.ids) s.results.reads.push({ id: read, index });
  }
}

/**
 * One request for all local reads of this turn. It names the term, so it waits until that is durable: the answer may
 * find the next life of this node.
 */
export function askForReads(s: RaftState): void {
  const { asked, leader } = s;
  if (asked.waitingReads.length === 0) return;
  invariant(leader !== null && leader !== s.id, "ReadsWaitForLeader");
  asked.nextReadId += 1;
  asked.reads.set(asked.nextReadId, { ids: asked.waitingReads, tick: s.tick });
  asked.waitingReads = [];
  s.outbox.sendWhenDurable(leader, { type: "read-request", term: s.term, id: asked.nextReadId }, s.gate(0));
}

/** Whatever the leader was asked for is refused: its answer would not count any more. */
export function refuseAskedReads(s: RaftState): void {
  for (const batch of s.asked.reads.values()) refuseLocal(s, batch.ids);
  s.asked.reads.clear();
  refuseLocal(s, s.asked.waitingReads);
  s.asked.waitingReads = [];
}

/** Refuses what the leader has not answered within an election timeout. */
export function expireAskedReads(s: RaftState): void {
  for (const [id, batch] of s.asked.reads) {
    if (s.tick - batch.tick < s.electionTicks) break;
    s.asked.reads.delete(id);
    refuseLocal(s, batch.ids);
  }
}

/** A leader that is none any more confirms nothing. */
export function refuseLeaderReads(s: RaftState): void {
  for (const read of s.leading?.reads.clear() ?? []) answer(s, read, null);
}

/** True when reads wait for a round and none that could still answer is under way. */
export function needsReadRound(s: RaftState): boolean {
  return s.leading !== null && isEstablished(s) && s.leading.reads.hasWaiting && !s.leading.reads.hasRound;
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
