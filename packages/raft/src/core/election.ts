import { invariant } from "@flotilla/runtime";
import { isFounding, isVoter } from "./config/configuration.ts";
import { beginRound } from "./heartbeats.ts";
import { advanceCommit, appendOwn } from "./leader-log.ts";
import { Leadership } from "./leadership.ts";
import { isPledged } from "./pledge.ts";
import { reachedByQuorum } from "./quorum.ts";
import { followMembers, forgetLeft, setMembership } from "./membership.ts";
import type { TimeoutNow } from "./message.ts";
import { becomeFollower, setLeader } from "./roles.ts";
import type { RaftState } from "./state.ts";
import { Tally } from "./tracker/tally.ts";
import { tickTransfer } from "./transfer.ts";
import type { NodeId } from "./types.ts";

const nothing = new Uint8Array(0);
const historyIdBytes = 16;

/**
 * True when this node is a voter, or was one before changes that may yet be undone: it may be the only one whose log
 * the others can vote for. Dissertation §4.2.2.
 */
function mayBeNeeded({ isVoter: votes, configs, log, id, incarnation }: RaftState): boolean {
  if (votes) return true;
  const committed = configs.at(log.commit).index;
  return configs.all.some((one) => one.index >= committed && isVoter(one, id, incarnation));
}

/** True when this node may try to lead. A pledge that it may not break by itself, a leader that hands over waives. */
function mayCampaign(s: RaftState): boolean {
  return s.role !== "leader" && mayBeNeeded(s) && !s.isDiskStalled;
}

function ask(s: RaftState, tally: Tally, to: NodeId): void {
  const { last } = s.log;
  if (tally.kind === "pre-vote") {
    const closedLeader = s.role === "follower" ? s.leader : null;
    s.outbox.send(to, { type: "pre-vote", term: s.term + 1, last, closedLeader });
  } else {
    const gate = { term: s.term, vote: s.id, index: 0 };
    const { transfer } = tally;
    s.outbox.sendWhenDurable(to, { type: "vote", term: s.term, last, transfer }, gate);
  }
}

function beginPreVote(s: RaftState): void {
  const tally = new Tally("pre-vote");
  s.tally = tally;
  for (const peer of s.peers) ask(s, tally, peer);
  onAnswer(s, s.id, s.incarnation, true);
}

/** No leader for too long: ask whether a campaign could succeed. Changes no term anywhere. */
function becomePrecandidate(s: RaftState): void {
  s.restartWait();
  setLeader(s, null);
  if (!mayCampaign(s)) return;
  s.role = "precandidate";
  beginPreVote(s);
}

/** The leader's process closed its link, or there is nobody to lead but this one: ask at once, still a follower. */
export function preVoteAtOnce(s: RaftState): void {
  if (!mayCampaign(s) || isPledged(s, s.id)) return;
  if (s.leader !== null) s.probe("raft-fast-pre-vote");
  beginPreVote(s);
}

function campaign(s: RaftState, transfer: boolean): void {
  s.enterTerm(s.term + 1);
  s.voteFor(s.id);
  s.role = "candidate";
  setLeader(s, null);
  s.fast.deadlineMs = null;
  s.restartWait();
  const tally = new Tally("vote", transfer);
  s.tally = tally;
  for (const peer of s.peers) ask(s, tally, peer);
}

/** A voter's answer to the round under way; this node's own vote counts once it is durable. */
function onAnswer(s: RaftState, from: NodeId, incarnation: string, granted: boolean): void {
  const { tally } = s;
  if (tally === null) return;
  tally.record(from, incarnation, granted);
  if (!tally.won(s.config)) return;
  if (tally.kind === "vote") becomeLeader(s, tally);
  // The leader may have been heard since this round began on its closed link.
  else if (!isPledged(s, s.id)) campaign(s, false);
}

/** An answer to a pre-vote request; `term` is the one asked for when granted. */
export function onPreVoteAnswer(
  s: RaftState,
  from: NodeId,
  incarnation: string,
  granted: boolean,
  term: number,
): void {
  if (s.tally?.kind !== "pre-vote" || (granted && term !== s.term + 1)) return;
  onAnswer(s, from, incarnation, granted);
}

/** An answer to a vote request of this term. */
export function onVoteAnswer(s: RaftState, from: NodeId, incarnation: string, granted: boolean): void {
  if (s.role === "candidate") onAnswer(s, from, incarnation, granted);
}

/** Term and vote have become durable. */
export function onHardStateDurable(s: RaftState): void {
  const { term, vote } = s.durableHard;
  if (s.role === "candidate" && term === s.term && vote === s.id) onAnswer(s, s.id, s.incarnation, true);
}

/** Our leader hands over: campaign without asking whether it could succeed, if our log still is what it thinks. */
export function onTimeoutNow(s: RaftState, from: NodeId, { last }: TimeoutNow): void {
  const own = s.log.last;
  const holdsIt = own.index === last.index && own.term === last.term && s.log.durable >= last.index;
  if (s.role !== "follower" || s.leader !== from || !holdsIt || !mayCampaign(s)) {
    s.probe("raft-transfer-declined");
    return;
  }
  campaign(s, true);
}

/** A link came up: whoever has not answered the round under way is asked again. */
export function askAgain(s: RaftState, peer: NodeId): void {
  const { tally } = s;
  if (tally !== null && s.peers.includes(peer) && !tally.answered(peer)) ask(s, tally, peer);
}

function foundCluster(s: RaftState, tally: Tally): void {
  const voters = s.config.voters.map((voter) => {
    const incarnation = tally.incarnationOf(voter.id);
    invariant(incarnation !== undefined, "AllFoundersVoted", { voter: voter.id });
    return { ...voter, incarnation };
  });
  const historyId = Buffer.from(s.random.bytes(historyIdBytes)).toString("hex");
  setMembership(s, { ...s.config, historyId, voters });
  s.probe("raft-cluster-founded");
}

function becomeLeader(s: RaftState, tally: Tally): void {
  invariant(s.role === "candidate" && s.durableHard.term === s.term, "DurableBeforeSend", { term: s.term });
  const { log } = s;
  s.role = "leader";
  s.tally = null;
  s.leading = new Leadership(log.last.index + 1, log.lastTimeMs, s.now, s.tick, s.limits, s.pledgeMs);
  setLeader(s, s.id);
  followMembers(s, log.last.index + 1);
  if (isFounding(s.config)) foundCluster(s, tally);
  else appendOwn(s, "noop", [nothing], null);
  advanceCommit(s);
}

function stepDown(s: RaftState, reason: string): void {
  s.probe(reason);
  becomeFollower(s, s.term, null);
}

/** The last tick in which a quorum, this leader included, was heard. */
function heardTick(s: RaftState, { progress }: Leadership): number {
  return reachedByQuorum(s.config, (id) => (id === s.id ? s.tick : (progress.get(id)?.heardTick ?? 0)));
}

function leaderTick(s: RaftState): void {
  const { leading } = s;
  invariant(leading !== null, "LeaderState");
  const heard = heardTick(s, leading);
  if (s.isDiskStalled) stepDown(s, "raft-leader-disk-stalled");
  else if (s.tick - heard >= s.electionTicks) stepDown(s, "raft-leader-without-quorum");
  else {
    beginRound(s);
    tickTransfer(s);
    forgetLeft(s);
  }
}

/** How many of the next ticks would do nothing but count. */
export function quietTicks({ leading, asked, patience, tick, waitingSince }: RaftState): number {
  if (leading !== null || asked.forwarded.length > 0 || asked.reads.size > 0) return 0;
  return Math.max(0, waitingSince + patience - tick - 1);
}

/**
 * True when the next tick ends nothing, whatever has arrived and was not taken up yet: it counts, and a leader sends
 * heartbeats.
 */
export function isSteady(s: RaftState): boolean {
  const { leading, tick, electionTicks, taskUnderWay } = s;
  if (leading === null) return quietTicks(s) > 0;
  return leading.transfer === null && !taskUnderWay && tick + 1 - heardTick(s, leading) < electionTicks;
}

/** One heartbeat interval passed. */
export function onTick(s: RaftState): void {
  s.tick += 1;
  if (s.role === "leader") leaderTick(s);
  else if (s.tick - s.waitingSince >= s.patience && !isPledged(s, s.id)) becomePrecandidate(s);
}
