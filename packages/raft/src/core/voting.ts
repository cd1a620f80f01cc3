import type { PreVote, Vote } from "./message.ts";
import { isPledged } from "./pledge.ts";
import type { RaftState } from "./state.ts";
import type { LogId, NodeId } from "./types.ts";

/** Longest random delay before a pre-vote on a closed link, ms. */
const closedLinkDelayMs = 100;

/** Granting a pre-vote postpones one's own try by this, ms. */
const yieldMs = 100;

/**
 * True while a living leader was heard within the shortest election timeout: nobody else is helped to replace
 * it. Waived for that leader itself, and for a leader whose closed link this node saw, until that link stands again.
 */
export function isLoyal(s: RaftState, asker: NodeId): boolean {
  if (s.role === "leader" || isPledged(s, asker)) return true;
  if (s.leader === null || s.leader === asker || s.fast.closed.has(s.leader)) return false;
  return s.tick - s.leaderHeardTick < s.electionTicks;
}

/** Of two rounds that cross on a closed link, one gives way: the one with the older log, then the larger id. */
function yieldsTo(s: RaftState, asker: NodeId, last: LogId): boolean {
  if (s.role !== "follower" || s.tally === null) return true;
  const own = s.log.last;
  const equal = last.index === own.index && last.term === own.term;
  return !equal || asker < s.id;
}

function yieldOwnTry(s: RaftState): void {
  if (s.fast.deadlineMs === null) return;
  s.fast.deadlineMs = Math.max(s.fast.deadlineMs, s.now.nowMs + yieldMs);
  if (s.role === "follower") s.tally = null;
}

/** A peer asks whether it could win the next term. The answer binds nobody. */
export function onPreVote(s: RaftState, from: NodeId, { term, last }: PreVote): void {
  const granted = term > s.term && s.log.isUpToDate(last) && !isLoyal(s, from) && yieldsTo(s, from, last);
  if (granted) {
    yieldOwnTry(s);
    s.outbox.send(from, { type: "pre-vote-reply", term, granted });
  } else {
    const reply = { type: "pre-vote-reply", term: s.term, granted } as const;
    s.outbox.sendWhenDurable(from, reply, s.gate(0));
  }
}

/** A candidate of this term asks for the vote. One vote a term, the same answer to the same candidate. Paper §5.2, §5.4.1. */
export function onVote(s: RaftState, from: NodeId, { last, transfer }: Vote): void {
  const { vote } = s.hard;
  const free = vote === from || (vote === null && s.leader === null);
  const granted = free && (transfer || !isPledged(s, from)) && s.log.isUpToDate(last);
  if (granted) {
    s.voteFor(from);
    s.restartWait();
  }
  const reply = { type: "vote-reply", term: s.term, granted } as const;
  s.outbox.sendWhenDurable(from, reply, { ...s.gate(0), vote: granted ? from : null });
}

/** The process behind `peer` closed its link. */
export function onLinkClosed(s: RaftState, peer: NodeId): void {
  s.fast.closed.add(peer);
  if (s.role !== "follower" || s.leader !== peer) return;
  s.fast.deadlineMs = s.now.nowMs + s.random.below(closedLinkDelayMs + 1);
}

/** The link to `peer` stands again. */
export function onLinkOpen(s: RaftState, peer: NodeId): void {
  s.fast.closed.delete(peer);
  if (s.leader !== peer) return;
  s.fast.deadlineMs = null;
  if (s.role === "follower") s.tally = null;
}

/** The only voter has no leader to wait for: whoever else may lead is not in its configuration. */
export function tryAtStartWhenAlone(s: RaftState): void {
  if (s.isVoter && s.peers.length === 0) s.fast.deadlineMs = s.now.nowMs;
}

/** True when a try before the election timeout is due; the next one is set for when this one fails. */
export function takeDueTry(s: RaftState): boolean {
  const { deadlineMs } = s.fast;
  if (deadlineMs === null || s.now.nowMs < deadlineMs) return false;
  s.fast.deadlineMs = s.now.nowMs + yieldMs + s.random.below(closedLinkDelayMs + 1);
  return s.role === "follower";
}
