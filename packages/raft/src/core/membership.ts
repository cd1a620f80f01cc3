import { FlotillaError, invariant } from "@flotilla/runtime";
import { applyChanges } from "./config/apply-changes.ts";
import type { MemberChange } from "./config/apply-changes.ts";
import { decodeConfiguration, encodeConfiguration } from "./config/config-codec.ts";
import { isFounding, isJoint, isMember, isVoter, leaveJoint, membersOf } from "./config/configuration.ts";
import type { Directory, Member, Membership } from "./config/configuration.ts";
import type { ChangeMembers } from "./event.ts";
import { advanceCommit, appendOwn, isEstablished } from "./leader-log.ts";
import { isQuorum } from "./quorum.ts";
import { becomeFollower } from "./roles.ts";
import type { RaftState } from "./state.ts";
import { beginTransfer } from "./transfer.ts";
import type { Index, NodeId } from "./types.ts";

/** The leader's view of the others follows the configuration in force; who is new is sent entry `next` first. */
export function followMembers(s: RaftState, next: Index): void {
  const { id: self, tick, limits } = s;
  s.leading?.follow(s.config, { self, next, tick, limits });
}

/** Whoever finds a configuration in its log that cannot be read takes the log for damaged. */
function requireReadable(payload: Uint8Array): void {
  try {
    decodeConfiguration(payload, 0);
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) throw error;
    const message = `membership change: ${error.message}`;
    throw new FlotillaError("ERR_FLOTILLA_BAD_CHANGE", message, { cause: error });
  }
}

/**
 * Appends a configuration, which is in force from here on; returns its index. Dissertation §4.1.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CHANGE` when no log can hold it; nothing is appended
 */
export function setMembership(s: RaftState, membership: Membership): Index {
  const payload = encodeConfiguration(membership);
  requireReadable(payload);
  const index = appendOwn(s, "config", [payload], null);
  s.configs.append({ ...membership, index });
  followMembers(s, index);
  // A smaller quorum may have everything already.
  advanceCommit(s);
  return index;
}

function pending(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_CHANGE_PENDING", why);
}

/**
 * Why nothing may change now; null: it may. One change at a time, and none before this leader has committed an
 * entry of its own term: else two leaders' changes could have quorums without a common member. Dissertation §4.1,
 * as corrected in 2015.
 */
function obstacle(s: RaftState): FlotillaError | null {
  if (s.leading === null) {
    const details = { leader: s.leader };
    return new FlotillaError("ERR_FLOTILLA_NOT_LEADER", "only the leader changes members", { details });
  }
  if (s.leading.transfer !== null) return pending("a hand-over is under way");
  if (!isEstablished(s)) return pending("nothing is committed in this term yet");
  const isThrough = s.config.index <= s.log.commit && !isJoint(s.config);
  return isThrough ? null : pending("the last membership change is not through");
}

function isCaughtUp(s: RaftState, id: string): boolean {
  return s.leading?.progress.get(id)?.catchUp?.isDone(s.tick, s.electionTicks) === true;
}

/** A voter that lacks much of the log would hold up commits until it has it. Dissertation §4.2.1. */
function requireCaughtUp(s: RaftState, next: Membership): void {
  for (const { id, incarnation } of next.voters) {
    if (isVoter(s.config, id, incarnation)) continue;
    const isKnown = isMember(s.config, id, incarnation);
    if (isKnown && isCaughtUp(s, id)) continue;
    throw new FlotillaError("ERR_FLOTILLA_NOT_CAUGHT_UP", `learner ${id} has not caught up with the log`);
  }
}

/**
 * A change that leaves this leader without a majority could never be committed, nor taken back: it would have to step down,
 * and nobody else could lead.
 */
function requireQuorum(s: RaftState, next: Membership): void {
  const { id: self, tick, electionTicks, leading } = s;
  const isHeard = ({ id }: Member): boolean => {
    const heardTick = id === self ? tick : leading?.progress.get(id)?.heardTick;
    return heardTick !== undefined && tick - heardTick < electionTicks;
  };
  if (isQuorum(next, isHeard)) return;
  const silent = next.voters.filter((voter) => !isHeard(voter)).map(({ id }) => id);
  throw new FlotillaError(
    "ERR_FLOTILLA_NO_QUORUM",
    `a majority of the voters to be would not answer: nothing is heard from ${silent.join(", ")}`,
  );
}

/**
 * Whoever was taken out finds that in its log, wherever in it, and stops: its data never belongs to the cluster again.
 * What is compacted away does so no more. Everything in this log is committed, or a change is pending.
 */
function requireNotRemoved(s: RaftState, next: Membership): void {
  for (const { id, incarnation } of membersOf(next)) {
    if (isMember(s.config, id, incarnation) || !isNamed(s, id, incarnation)) continue;
    throw new FlotillaError(
      "ERR_FLOTILLA_REMOVED",
      `${id}, with the data it has, was a member and was removed`,
    );
  }
}

function isSame(a: Membership, b: Membership): boolean {
  return Buffer.compare(encodeConfiguration(a), encodeConfiguration(b)) === 0;
}

function change(s: RaftState, changes: readonly MemberChange[], ifVersion: Index | null): Index {
  const reason = obstacle(s);
  if (reason !== null) throw reason;
  const { index } = s.config;
  if (ifVersion !== null && ifVersion !== index) {
    const details = { version: index };
    throw new FlotillaError("ERR_FLOTILLA_BAD_VERSION", `the configuration is version ${index}`, { details });
  }
  const next = applyChanges(s.config, changes);
  requireNotRemoved(s, next);
  requireCaughtUp(s, next);
  if (!isSame(next, s.config)) requireQuorum(s, next);
  return isSame(next, s.config) ? index : setMembership(s, next);
}

/** A local caller wants other members. */
export function onChangeMembers(s: RaftState, { id, changes, ifVersion }: ChangeMembers): void {
  try {
    s.results.changed.push({ id, index: change(s, changes, ifVersion), term: s.term, refusal: null });
  } catch (error) {
    if (!FlotillaError.is(error) || error.code === "ERR_FLOTILLA_INTERNAL") throw error;
    s.results.changed.push({ id, index: 0, term: s.term, refusal: error });
  }
}

/** Who left and has not been reached for two election timeouts is told when it comes back. */
export function forgetLeft(s: RaftState): void {
  s.leading?.forgetLeft(s.log.commit, ({ tick }) => s.tick - tick >= 2 * s.electionTicks);
}

/** A learner that waits for it and has caught up becomes a voter. */
function promoteNext(s: RaftState): void {
  const ready = s.config.learners.find(({ id, promote }) => promote && isCaughtUp(s, id));
  if (ready === undefined) return;
  s.probe("raft-learner-promoted");
  setMembership(s, applyChanges(s.config, [{ type: "promote", id: ready.id }]));
}

/** This leader is no voter any more: it hands over, and steps down if that comes to nothing. Dissertation §4.2.2. */
function retire(s: RaftState): void {
  const { leading } = s;
  invariant(leading !== null, "LeaderState");
  if (leading.transfer !== null) return;
  if (!leading.retires) {
    leading.retires = true;
    s.probe("raft-leader-retires");
    if (beginTransfer(s, null)) return;
  }
  becomeFollower(s, s.term, null);
}

/**
 * Does what a leader owes the configuration once it is committed: leaves a joint one, promotes who waits for it,
 * goes when it is out of it. Whoever leads does it, from the first commit of its term on.
 */
export function tendMembership(s: RaftState): void {
  const { leading, config } = s;
  if (leading === null || s.isSettled || config.index > s.log.commit || !isEstablished(s)) return;
  if (isJoint(config)) {
    if (leading.transfer !== null) return;
    s.probe("raft-joint-left");
    setMembership(s, leaveJoint(config));
  } else if (!s.isVoter) retire(s);
  else if (leading.transfer === null) promoteNext(s);
}

/**
 * True when this node was a member and, as far as it has applied the log, is none any more. A joiner that reads
 * about the time before it was added was none yet.
 */
export function isRemoved(s: RaftState): boolean {
  const { config, id, incarnation } = s;
  if (s.isMember || s.role === "leader" || isFounding(config)) return false;
  if (config.index > s.log.applied || isJoint(config)) return false;
  return s.memberSince !== null || isNamed(s, id, incarnation);
}

/** The first committed configuration, of those known or remembered, that names this node; the founding one is none. */
export function memberSince({
  configs,
  id,
  incarnation,
  log,
  memberSince: remembered,
}: RaftState): Index | null {
  if (remembered !== null) return remembered;
  const first = configs.all.find(
    (known) => known.index <= log.commit && !isFounding(known) && isMember(known, id, incarnation),
  );
  return first?.index ?? null;
}

/** The history that this node answers for; empty until a configuration has named it. See `Directory`. */
export function ownHistory(s: RaftState): string {
  const { config, id, incarnation } = s;
  const isOwn = isFounding(config) || s.memberSince !== null || isNamed(s, id, incarnation);
  return isOwn ? config.historyId : "";
}

/** Whom this node knows. */
export function directoryOf(s: RaftState): Directory {
  return { current: s.config, committed: s.configs.at(s.log.commit), historyId: ownHistory(s) };
}

/** To be called before configurations are forgotten: that this node was a member must not be. */
export function rememberMembership(s: RaftState): void {
  s.memberSince = memberSince(s);
}

/** True when a configuration in the log names that data. */
function isNamed({ configs }: RaftState, id: NodeId, incarnation: string): boolean {
  for (const known of configs.all) if (!isFounding(known) && isMember(known, id, incarnation)) return true;
  return false;
}

/**
 * True when this node knows of a committed configuration, `version` or older, that it belongs to. Members may tell a
 * joiner that had not come that far when it introduced itself that it is none, because they do not know it yet, or
 * still, or because the leader that added it was cut off.
 */
export function wasMemberBy(s: RaftState, version: Index): boolean {
  const { configs, id, incarnation, log, memberSince } = s;
  if (memberSince !== null && memberSince <= version) return true;
  const newest = Math.min(version, log.commit);
  return configs.all.some((known) => known.index <= newest && isMember(known, id, incarnation));
}
