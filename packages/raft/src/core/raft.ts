import { invariant } from "@flotilla/runtime";
import { ConfigHistory } from "./config/config-history.ts";
import type { Configuration, Directory } from "./config/configuration.ts";
import { askAgain, isSteady, onHardStateDurable, onTick, preVoteAtOnce, quietTicks } from "./election.ts";
import type { AppendDone, Event, PeerDown, PeerUp, Stamped } from "./event.ts";
import { beginRound } from "./heartbeats.ts";
import { checkInvariants } from "./invariants.ts";
import { advanceCommit, isEstablished } from "./leader-log.ts";
import { RaftLog } from "./log/raft-log.ts";
import {
  directoryOf,
  isRemoved,
  memberSince,
  onChangeMembers,
  tendMembership,
  wasMemberBy,
} from "./membership.ts";
import { defaultLimits, type RaftCoreOptions } from "./options.ts";
import { earlierPledge } from "./pledge.ts";
import { admitsProposals, dropForwarded, expireForwarded, propose } from "./proposals.ts";
import { askForReads, expireAskedReads, hasReads, needsReadRound } from "./reads.ts";
import { readLocally, refuseAskedReads } from "./reads.ts";
import type { AppendTask, ApplyTask, Ready, SoftState } from "./ready.ts";
import { receive } from "./receive.ts";
import { commitDeadlineMs, hasAppends, sendAppends } from "./replication.ts";
import { onSnapshotInstalled, onSnapshotSaved, onSnapshotSent } from "./snapshots.ts";
import { RaftState } from "./state.ts";
import { beginTransfer, pursueTransfer } from "./transfer.ts";
import type { HardState, Index, LogId, NodeId, Role, Term } from "./types.ts";
import { onLinkClosed, onLinkOpen, takeDueTry, tryAtStartWhenAlone } from "./voting.ts";

/**
 * One member's part in the consensus, pure: events go in through `step`, effects come out of `ready`.
 *
 * The driver's part: step every event of a turn, then take one `ready` while `hasReady`; answer each append
 * and apply task with its event; deliver `wake` at `nextDeadlineMs`.
 *
 * Local proposals: `placed` names the entry that a proposal became. It is decided when an entry at that index
 * is applied (ours when the terms agree, else certainly lost), or when any entry of a later term is applied:
 * a placed one of an earlier term that has not been applied by then never will be. One `Ready` lists `placed`
 * before `dropped`: a run that is in both was placed and then lost sight of, because this node stopped
 * leading; it may still be applied.
 *
 * Broken invariants throw `ERR_FLOTILLA_INTERNAL`; the node must stop then.
 */
export class Raft {
  readonly #s: RaftState;
  #seq = 0;
  #taskHard: HardState | null = null;
  #reportedConfiguration: Configuration | null = null;
  #reportedSettled: Configuration | null = null;
  #reportedRemoved = false;
  #reportedSoft: SoftState | null = null;

  /** @throws FlotillaError `ERR_FLOTILLA_INTERNAL` when what was recovered contradicts itself */
  constructor(options: RaftCoreOptions) {
    const {
      id,
      incarnation,
      electionTicks = 10,
      askEveryTicks = 1,
      heartbeatMs = 100,
      commitDelayMs = 0,
      random,
      start,
      recovered,
      probe,
      accepts = () => true,
      pledgedMs = 0,
      mayPledge = () => true,
      memberSince: since = null,
    } = options;
    const { hardState, last, snapshot } = recovered;
    invariant(hardState.term >= last.term || last.index === snapshot.index, "TermCoversLog", {
      hardState,
      last,
    });
    const pledgeMs = electionTicks * heartbeatMs;
    this.#s = new RaftState({
      id,
      incarnation,
      electionTicks,
      askEveryTicks,
      pledgeMs,
      pledge: earlierPledge(recovered.configurations, start.nowMs + Math.max(pledgeMs, pledgedMs)),
      mayPledge,
      memberSince: since,
      commitDelayMs,
      limits: { ...defaultLimits, ...options.limits },
      random,
      probe,
      accepts,
      log: new RaftLog(recovered, options.reader),
      configs: new ConfigHistory(recovered.configurations),
      hardState,
      start,
    });
    // A received snapshot may have become durable just before the term it came in.
    if (hardState.term < last.term) this.#s.enterTerm(last.term);
    tryAtStartWhenAlone(this.#s);
  }

  /** Takes up one event at the moment `now`. */
  step(event: Event, now: Stamped): void {
    const s = this.#s;
    s.now = now;
    this.#handle(event);
    tendMembership(s);
    if (takeDueTry(s)) preVoteAtOnce(s);
  }

  /** True when `ready` has something to say. */
  hasReady(): boolean {
    const s = this.#s;
    if (s.hasResults || s.outbox.hasRelease(s.durableHard, s.log.promisable)) return true;
    if (this.#hasTask() || s.log.hasApply || hasAppends(s) || hasReads(s)) return true;
    if (s.config !== this.#reportedConfiguration || this.#hasNewSoft()) return true;
    return this.committedConfiguration !== this.#reportedSettled || isRemoved(s) !== this.#reportedRemoved;
  }

  /** Takes everything out that may leave now. */
  ready(): Ready {
    const s = this.#s;
    sendAppends(s);
    if (needsReadRound(s)) beginRound(s);
    askForReads(s);
    const apply = this.#beginApply();
    const append = this.#beginTask();
    const soft = this.#hasNewSoft() ? this.#soft() : null;
    const configuration = s.config === this.#reportedConfiguration ? null : s.config;
    const messages = s.outbox.release(s.hard, s.durableHard, s.log.promisable);
    const committed = this.committedConfiguration;
    const settled = committed === this.#reportedSettled ? null : committed;
    const removed = isRemoved(s);
    if (soft !== null) this.#reportedSoft = soft;
    this.#reportedConfiguration = s.config;
    this.#reportedSettled = committed;
    this.#reportedRemoved = removed;
    checkInvariants(s);
    // Named one by one: a spread makes each of these objects a slow one, several times a turn.
    const results = s.takeResults();
    return {
      messages,
      append,
      apply,
      reads: results.reads,
      placed: results.placed,
      dropped: results.dropped,
      sendSnapshot: results.sendSnapshot,
      receiveSnapshot: results.receiveSnapshot,
      compactTo: results.compactTo,
      transferEnded: results.transferEnded,
      refused: results.refused,
      leaseReads: results.leaseReads,
      configuration,
      settled,
      changed: results.changed,
      removed,
      soft,
    };
  }

  /** When to step a `wake`, monotonic ms; null: no need. */
  nextDeadlineMs(): number | null {
    return this.#s.leading === null ? this.#s.fast.deadlineMs : commitDeadlineMs(this.#s);
  }

  /** How many of the next ticks would do nothing but count: they need no `ready`, and may come late, all at once. */
  quietTicks(): number {
    return quietTicks(this.#s);
  }

  /** True when the next tick ends nothing: what has arrived by then need not be heard before it. */
  isSteady(): boolean {
    return isSteady(this.#s);
  }

  /** True when that many more local proposals, of so many bytes together, would not be refused for load. */
  admits(count: number, bytes: number, isReserved = false): boolean {
    return admitsProposals(this.#s, count, bytes, isReserved);
  }

  /** Frames of the log in memory, bytes. */
  get logBytes(): number {
    return this.#s.log.heldBytes;
  }

  get id(): NodeId {
    return this.#s.id;
  }

  get role(): Role {
    return this.#s.role;
  }

  get term(): Term {
    return this.#s.term;
  }

  /** Whom this node voted for in this term. */
  get vote(): NodeId | null {
    return this.#s.hard.vote;
  }

  get leader(): NodeId | null {
    return this.#s.leader;
  }

  /** True on a leader that has committed an entry of its own term. */
  get established(): boolean {
    return isEstablished(this.#s);
  }

  /** True on a leader that is handing over: it takes no new entries. */
  handsOver(): boolean {
    return this.#s.leading !== null && this.#s.leading.transfer !== null;
  }

  get commit(): Index {
    return this.#s.log.commit;
  }

  get applied(): Index {
    return this.#s.log.applied;
  }

  /** Everything up to here is durable on this node. */
  get durable(): Index {
    return this.#s.log.durable;
  }

  get firstIndex(): Index {
    return this.#s.log.compacted.index + 1;
  }

  get last(): LogId {
    return this.#s.log.last;
  }

  get snapshot(): LogId {
    return this.#s.log.snapshot;
  }

  /** The one in force, committed or not. */
  get configuration(): Configuration {
    return this.#s.config;
  }

  /** The newest committed configuration. */
  get committedConfiguration(): Configuration {
    return this.#s.configs.at(this.#s.log.commit);
  }

  /** Whom this node knows. */
  get known(): Directory {
    return directoryOf(this.#s);
  }

  /** True when this node has applied a configuration that leaves it out. */
  get removed(): boolean {
    return isRemoved(this.#s);
  }

  /** True when this node knows of a committed configuration, `version` or older, that it belongs to; the founding one is one. */
  wasMemberBy(version: Index): boolean {
    return wasMemberBy(this.#s, version);
  }

  /** The first committed configuration known to name this node; null: none. */
  get memberSince(): Index | null {
    return memberSince(this.#s);
  }

  /** The configuration in force at `index`, for a snapshot taken there. */
  configurationAt(index: Index): Configuration {
    return this.#s.configs.at(index);
  }

  /** Term of entry `index`; null when it is compacted away or not there yet. */
  termAt(index: Index): Term | null {
    return this.#s.log.term(index);
  }

  /** On a leader: the highest index known durable at `peer`. Null elsewhere. */
  matchOf(peer: NodeId): Index | null {
    return this.#s.leading?.progress.get(peer)?.match ?? null;
  }

  #handle(event: Event): void {
    const s = this.#s;
    switch (event.type) {
      case "tick":
        onTick(s);
        expireForwarded(s);
        return expireAskedReads(s);
      case "wake":
        return;
      case "receive":
        return receive(s, event);
      case "propose":
        return propose(s, event);
      case "read":
        return readLocally(s, event);
      case "append-done":
        return this.#appendDone(event);
      case "apply-done":
        return s.log.applyDone(event.index);
      case "snapshot-saved":
        return onSnapshotSaved(s, event);
      case "snapshot-installed":
        return onSnapshotInstalled(s, event);
      case "snapshot-sent":
        return onSnapshotSent(s, event);
      case "peer-up":
        return this.#peerUp(event);
      case "peer-down":
        return this.#peerDown(event);
      case "transfer":
        beginTransfer(s, event.to);
        return;
      case "change-members":
        return onChangeMembers(s, event);
    }
  }

  #appendDone({ seq }: AppendDone): void {
    const s = this.#s;
    const expected = s.taskUnderWay ? this.#seq : null;
    if (seq !== expected) invariant(false, "AppendDoneInOrder", { seq, expected });
    s.log.writeDone(s.limits.cacheBytes);
    if (this.#taskHard !== null) {
      invariant(this.#taskHard.term >= s.durableHard.term, "TermMonotone", { term: this.#taskHard.term });
      s.durableHard = this.#taskHard;
      this.#taskHard = null;
      onHardStateDurable(s);
    }
    advanceCommit(s);
    pursueTransfer(s);
  }

  #peerUp({ peer, incarnation }: PeerUp): void {
    const s = this.#s;
    s.linkedAs.set(peer, incarnation);
    s.outbox.forget(peer);
    s.refused.delete(peer);
    onLinkOpen(s, peer);
    s.answered = { index: 0, term: 0 };
    askAgain(s, peer);
    s.forwardNext.delete(peer);
    const progress = s.leading?.progress.get(peer);
    if (progress !== undefined && progress.state !== "snapshot") progress.becomeProbe(progress.next);
  }

  #peerDown({ peer, byPeer }: PeerDown): void {
    const s = this.#s;
    if (peer === s.leader) {
      dropForwarded(s);
      refuseAskedReads(s);
    }
    s.leading?.forgetLeft(
      s.log.commit,
      (left, progress, id) => id === peer && progress.commitSent >= left.index,
    );
    if (byPeer) onLinkClosed(s, peer);
  }

  #hasTask(): boolean {
    const s = this.#s;
    return !s.taskUnderWay && (s.hard !== s.durableHard || s.log.hasWrite);
  }

  #beginTask(): AppendTask | null {
    const s = this.#s;
    if (!this.#hasTask()) return null;
    const hardState = s.hard === s.durableHard ? null : s.hard;
    const { reset, truncateFrom, entries } = s.log.beginWrite(s.limits.maxTaskBytes);
    this.#seq += 1;
    this.#taskHard = hardState;
    s.taskTick = s.tick;
    const last = entries.at(-1)?.index ?? s.log.durable;
    return { seq: this.#seq, reset, truncateFrom, entries, hardState, commit: Math.min(s.log.commit, last) };
  }

  #beginApply(): ApplyTask | null {
    const { log, limits } = this.#s;
    return log.hasApply ? { entries: log.beginApply(limits.maxApplyBytes, limits.maxApplyEntries) } : null;
  }

  #hasNewSoft(): boolean {
    const s = this.#s;
    const old = this.#reportedSoft;
    if (old?.role !== s.role || old.term !== s.term || old.leader !== s.leader) return true;
    return old.established !== isEstablished(s);
  }

  #soft(): SoftState {
    const { role, term, leader } = this.#s;
    return { role, term, leader, established: this.established };
  }
}
