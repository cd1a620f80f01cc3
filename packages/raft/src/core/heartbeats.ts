import { FlotillaError } from "@flotilla/runtime";
import type { Heartbeat, HeartbeatReply } from "./message.ts";
import { confirmReads } from "./reads.ts";
import { isEstablished } from "./leader-log.ts";
import type { Leadership } from "./leadership.ts";
import { pledgeTo } from "./pledge.ts";
import type { RaftState } from "./state.ts";
import type { Progress } from "./tracker/progress.ts";
import type { NodeId } from "./types.ts";

/**
 * True when the round under way needs an answer of this peer: reads or the lease wait for it, a hand-over looks for who
 * is there, its log is not known to equal ours, or it was not heard for a while. Other heartbeats only say that the
 * leader is alive. Idle peers are all asked in the same rounds: answers that come together wake the leader once.
 */
function asks(s: RaftState, { reads, transfer }: Leadership, progress: Progress): boolean {
  if (s.config.leaseReads || reads.size > 0 || transfer !== null) return true;
  const isTurn = s.tick % s.askEveryTicks === 0 || s.tick - progress.heardTick > s.askEveryTicks;
  return isTurn || !progress.isLevel(s.log.last.index);
}

/** Begins a heartbeat round; reads received so far wait for its answers. */
export function beginRound(s: RaftState): void {
  const { leading } = s;
  if (leading === null) return;
  leading.round += 1;
  leading.roundTick = s.tick;
  if (s.config.leaseReads) leading.lease.sent(leading.round, s.now);
  if (isEstablished(s)) leading.reads.begin(leading.round, s.log.commit);
  for (const [id, progress] of leading.progress) {
    // Other data under that id has acknowledged nothing, whatever the one that counts has.
    const isOwn = (s.linkedAs.get(id) ?? progress.incarnation) === progress.incarnation;
    const commit = isOwn ? Math.min(s.log.commit, progress.match) : 0;
    const round = asks(s, leading, progress) ? leading.round : 0;
    s.outbox.send(id, { type: "heartbeat", term: s.term, commit, round });
  }
  confirmReads(s);
}

/**
 * The leader is alive. Its commit index never goes beyond what we acknowledged to it in this term, so a log that
 * ends below has lost entries that were counted on.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`
 */
export function onHeartbeat(s: RaftState, from: NodeId, { commit, round }: Heartbeat): void {
  const last = s.log.last.index;
  if (commit > last) {
    s.probe("raft-heartbeat-beyond-log");
    throw new FlotillaError(
      "ERR_FLOTILLA_DAMAGED",
      `the log ends at entry ${last}, but entry ${commit} was acknowledged to the leader: the data went back in time`,
      { details: { wentBack: true } },
    );
  }
  s.log.commitTo(commit);
  if (round === 0) return;
  const pledgeMs = pledgeTo(s, from);
  s.outbox.send(from, { type: "heartbeat-reply", term: s.term, round, pledgeMs });
}

/** A peer still follows this leader. */
export function onHeartbeatReply(
  s: RaftState,
  from: NodeId,
  incarnation: string,
  { round, pledgeMs }: HeartbeatReply,
): void {
  const { leading } = s;
  const progress = leading?.progress.get(from);
  if (leading === null || progress === undefined) return;
  progress.round = Math.max(progress.round, round);
  if (pledgeMs > 0) leading.lease.granted(incarnation, round, pledgeMs);
  progress.reopen(s.log.last.index);
  progress.catchUp?.heard(progress.match, s.log.last.index, s.tick, s.electionTicks);
  confirmReads(s);
}
