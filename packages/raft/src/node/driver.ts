import type { Channel } from "@flotilla/runtime";
import type { Event, PeerDown, PeerUp, Receive, Stamped } from "../core/event.ts";
import { isHeartbeat } from "../core/message.ts";
import type { Raft } from "../core/raft.ts";
import type { AppendTask, Ready } from "../core/ready.ts";
import type { Index, NodeId } from "../core/types.ts";
import type { Storage } from "../storage/open-storage.ts";
import type { PeerMessage } from "../transport/message-codec.ts";
import { maxPayloadBytes } from "../transport/message-rules.ts";
import { Peers } from "../transport/peers.ts";
import { isSnapshotTransfer } from "../transport/snapshot-codec.ts";
import { AppendLoop } from "./append-loop.ts";
import { Applier, settleProposals } from "./applier.ts";
import { ChangeWaiters } from "./change-waiters.ts";
import { EntryHold } from "./entry-hold.ts";
import { Handover } from "./handover.ts";
import { letGo } from "./let-go.ts";
import { makeCore } from "./make-core.ts";
import { MembershipKeeper } from "./membership-keeper.ts";
import { Reporter } from "./reporter.ts";
import type { Settings } from "./settings.ts";
import { asError, closedError, describeCore, doubledError, tooLarge } from "./status.ts";
import { PledgeKeeper } from "./pledge-keeper.ts";
import { Proposals } from "./proposals.ts";
import { Pulse } from "./pulse.ts";
import { ReadWaiters } from "./read-waiters.ts";
import { finishMs, Snapshots } from "./snapshots.ts";
import type { ReceivedSnapshot } from "./snapshots.ts";
import type { Proposed, RaftStatus, StopReason } from "./types.ts";

/** Work for the next turn: an event of the core, or a received snapshot to install. */
type Work = Event | { readonly type: "install"; readonly snapshot: ReceivedSnapshot };

/**
 * Joins core, disk and links. All work of a turn is stepped into the core at once, then what left it is
 * sent, written and applied; completions are work of a later turn.
 */
export class Driver {
  readonly #settings: Settings;
  readonly #storage: Storage;
  readonly #core: Raft;
  readonly #peers: Peers;
  readonly #appends: AppendLoop;
  readonly #applier: Applier;
  readonly #snapshots: Snapshots;
  readonly #proposals: Proposals;
  readonly #reads: ReadWaiters = new ReadWaiters();
  readonly #pulse: Pulse;
  readonly #hold: EntryHold;
  readonly #pledges: PledgeKeeper;
  readonly #membership: MembershipKeeper;
  readonly #handover: Handover;
  readonly changes: ChangeWaiters = new ChangeWaiters((event) => this.#push(event));
  readonly #reporter: Reporter;
  readonly #onStop: (reason: StopReason) => void;
  readonly #onTurn: () => void = () => {
    this.#scheduled = false;
    this.#guard(() => this.#turn());
  };
  #work: Work[] = [];
  #scheduled = false;
  #stopped = false;
  #released: Promise<void> = Promise.resolve();

  constructor(settings: Settings, storage: Storage, onStop: (reason: StopReason) => void) {
    const { host } = settings;
    const { recovered, restore } = storage;
    this.#settings = settings;
    // What it holds is a whole state.
    this.#storage = { ...storage, restore: null };
    this.#onStop = onStop;
    this.#pledges = new PledgeKeeper(settings, storage.pledges, (error) => this.fail(error));
    this.#membership = new MembershipKeeper(storage.membership, recovered, (error) => this.fail(error));
    this.#core = makeCore(settings, storage, this.#pledges, this.#membership, this.#now());
    this.#reporter = new Reporter(settings, recovered.commit);
    this.#proposals = new Proposals(settings.meter);
    this.#appends = new AppendLoop({
      storage,
      configurationAt: (index) => this.#core.configurationAt(index),
      onDone: (task) => this.#appended(task),
      onFailure: (error) => this.fail(error),
    });
    this.#applier = new Applier(settings, storage);
    if (restore !== null) this.#applier.restore(restore.replace, restore.last, restore.timeMs);
    this.#snapshots = this.#makeSnapshots();
    this.#peers = this.#makePeers();
    this.#handover = new Handover(settings, (to) => this.#push({ type: "transfer", to }));
    this.#hold = new EntryHold(host, settings.limits.maxUncommittedBytes, () => this.#schedule());
    this.#pulse = new Pulse({
      settings,
      core: this.#core,
      handover: this.#handover,
      snapshots: this.#snapshots,
      peers: this.#peers,
      guard: (run) => this.#guard(run),
      onTicks: (count) => this.#ticked(count),
      onWake: () => this.#push({ type: "wake" }),
    });
  }

  start(): void {
    this.#settings.observer.onRecovered(this.#storage.recovered);
    if (this.#membership.isRemoved) return this.#stop({ type: "removed" });
    this.#peers.start();
    this.#pulse.start();
    this.#settings.onApplied?.(this.#applier.appliedIndex);
    this.#schedule();
  }

  /** Not async, as every proposal passes here: the promise is the one that its outcome settles. */
  propose(payload: Uint8Array, ifTerm: number | null, isReserved: boolean): Promise<Proposed> {
    if (this.#stopped) return Promise.reject(closedError());
    const refusal = this.#proposals.refusal(payload, this.#settings, this.#core, isReserved);
    if (refusal !== null) return Promise.reject(refusal);
    if (!this.#hold.waits() && !this.#core.handsOver()) this.#schedule();
    return this.#proposals.add(payload, ifTerm, isReserved);
  }

  read(leaderOnly: boolean): Promise<Index> {
    if (this.#stopped) return Promise.reject(closedError());
    this.#schedule();
    return this.#reads.add(leaderOnly);
  }

  send(to: NodeId, payload: Uint8Array): boolean {
    if (payload.length > maxPayloadBytes) throw tooLarge("message", maxPayloadBytes);
    if (this.#stopped || !this.#peers.send(to, { type: "app", payload })) return false;
    this.#schedule();
    return true;
  }

  /** Not async: see `propose`. */
  transfer(to: NodeId | null): Promise<NodeId> {
    return this.#stopped ? Promise.reject(closedError()) : this.#handover.begin(to);
  }

  accept(channel: Channel): void {
    this.#peers.accept(channel);
  }

  status(): RaftStatus {
    return describeCore(this.#core, this.#applier, this.#peers, this.#proposals, this.#reads);
  }

  /** Stops, finishes the write under way, and a snapshot if it can be done soon, and lets go of the disk. */
  async close(): Promise<void> {
    this.#stop({ type: "closed" });
    await this.#released;
  }

  #makeSnapshots(): Snapshots {
    return new Snapshots({
      settings: this.#settings,
      store: this.#storage.snapshots,
      log: this.#storage.log,
      core: this.#core,
      applier: this.#applier,
      peers: () => this.#peers,
      send: (to, message) => {
        this.#send(to, message);
        this.#schedule();
      },
      push: (event) => this.#push(event),
      onReceived: (snapshot) => this.#push({ type: "install", snapshot }),
      onFailure: (error) => this.fail(error),
    });
  }

  #makePeers(): Peers {
    return new Peers({
      ...this.#settings,
      incarnation: this.#storage.incarnation,
      known: this.#core.known,
      events: {
        up: (peer, incarnation) => this.#peerChanged({ type: "peer-up", peer, incarnation }),
        down: (peer, byPeer) => this.#peerChanged({ type: "peer-down", peer, byPeer }),
        receive: (from, incarnation, message) => this.#receive(from, incarnation, message),
        removed: (version) => {
          if (this.#core.wasMemberBy(version)) this.#stop({ type: "removed" });
        },
        doubled: (peer) => this.fail(doubledError(peer)),
        refused: (peer, reason) => this.#settings.observer.onRefused(peer, reason),
      },
    });
  }

  #peerChanged(event: PeerUp | PeerDown): void {
    this.#reporter.statusChanged();
    if (event.type === "peer-down") this.#snapshots.peerDown(event.peer);
    this.#hold.forgetForwards(event.peer);
    this.#push(event);
  }

  #receive(from: NodeId, incarnation: string, message: PeerMessage): void {
    if (message.type === "app") return this.#guard(() => this.#settings.onMessage?.(from, message.payload));
    if (isSnapshotTransfer(message)) return this.#guard(() => this.#snapshots.transfer(from, message));
    const event: Receive = { type: "receive", from, incarnation, message };
    if (message.type === "forward" && (this.#hold.waits() || this.#core.handsOver()))
      for (const each of this.#hold.addForward(event)) this.#guard(() => this.#note(each));
    else if (isHeartbeat(message) && !this.#scheduled) this.#guard(() => this.#note(event));
    else this.#push(event);
  }

  /** Takes up an event that mostly calls for nothing: only if it does, there is a turn. */
  #note(event: Event): void {
    const now = this.#now();
    this.#takeQuietTicks(now);
    this.#step(event, now);
    if (this.#core.hasReady()) this.#schedule();
    else this.#pulse.setWake();
  }

  #takeQuietTicks(now: Stamped): void {
    for (let left = this.#pulse.takeQuiet(now.nowMs); left > 0; left -= 1) this.#step({ type: "tick" }, now);
  }

  #ticked(count: number): void {
    const isQuiet = count <= this.#core.quietTicks();
    for (let k = 0; k < count; k += 1) {
      if (isQuiet) this.#note({ type: "tick" });
      else this.#work.push({ type: "tick" });
    }
    // There is nothing to wait for.
    if (!isQuiet && !this.#scheduled) this.#turn();
  }

  #push(work: Work): void {
    if (this.#stopped) return;
    this.#work.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#settings.host.clock.defer(this.#onTurn);
  }

  #turn(): void {
    const now = this.#now();
    this.#takeQuietTicks(now);
    const work = this.#work;
    this.#work = [];
    const core = this.#core;
    const handedOver = core.handsOver();
    const mustHold = this.#hold.isOn(now.nowMs);
    if (!mustHold && !handedOver) for (const forward of this.#hold.takeForwards()) this.#step(forward, now);
    for (const item of work) this.#do(item, now);
    if (!mustHold && !core.handsOver())
      for (const event of this.#proposals.takeEvents()) this.#step(event, now);
    for (const event of this.#reads.takeEvents()) this.#step(event, this.#now());
    if (this.#core.hasReady()) this.#carryOut(this.#core.ready());
    this.#peers.flush();
    this.#applySlice(now);
    this.#reads.settle(this.#applier.appliedIndex);
    this.changes.settle(core, this.#applier.appliedIndex);
    this.#reporter.report(core.commit, () => this.status());
    if (core.removed) this.#stop({ type: "removed" });
    if (this.#stopped) return;
    this.#pulse.endTurn(now.nowMs);
    const released = handedOver && !core.handsOver();
    if ((released && !this.#hold.waits()) || this.#work.length > 0 || this.#applier.busy || core.hasReady())
      this.#schedule();
  }

  #step(event: Event, now: Stamped): void {
    this.#settings.observer.onStep(event, now);
    this.#core.step(event, now);
  }

  #do(item: Work, now: Stamped): void {
    if (item.type === "install") return this.#install(item.snapshot, now);
    if (item.type === "receive" && item.message.type === "forward" && this.#core.handsOver()) {
      for (const each of this.#hold.addForward(item)) this.#step(each, now);
      return;
    }
    this.#step(item, now);
    if (item.type === "receive" && item.message.type === "snapshot-reply")
      this.#snapshots.replied(item.from, item.message);
  }

  // A snapshot is news only while the core has not committed as far by other means.
  #install(received: ReceivedSnapshot, now: Stamped): void {
    const { last, timeMs, configuration } = received.head;
    if (last.index > this.#core.commit) {
      this.#applier.restore(received.replace, last, timeMs);
      this.#settings.onApplied?.(last.index);
      this.#proposals.passedOver(last);
    }
    this.#step({ type: "snapshot-installed", last, timeMs, configuration }, now);
    this.#snapshots.installed(received);
  }

  #carryOut(ready: Ready): void {
    // Whoever is called back may close the node, which lets go of its disk: nothing more is written then.
    if (this.#stopped) return;
    const { observer } = this.#settings;
    for (const { to, message } of ready.messages) this.#send(to, message);
    // Peers may begin while this node hands its own batch to the disk.
    this.#peers.flush();
    if (ready.compactTo !== null) this.#storage.log.compactTo(ready.compactTo);
    if (ready.append !== null) this.#append(ready.append);
    if (ready.apply !== null) this.#applier.take(ready.apply.entries);
    for (const placed of ready.placed) this.#proposals.placed(placed);
    for (const dropped of ready.dropped) this.#proposals.dropped(dropped);
    if (ready.leaseReads > 0) observer.onLeaseReads(this.#core.term, ready.leaseReads);
    for (const read of ready.reads) this.#reads.answer(read);
    for (const to of ready.sendSnapshot) this.#snapshots.startSending(to);
    for (const { from, head } of ready.receiveSnapshot) this.#snapshots.offered(from, head);
    if (ready.configuration !== null) observer.onConfiguration(ready.configuration);
    if (ready.configuration?.leaseReads === true) this.#pledges.begin();
    if (ready.configuration !== null || ready.settled !== null) {
      this.#peers.configure(this.#core.known);
      this.#membership.settled(this.#core);
      this.#reporter.statusChanged();
    }
    for (const changed of ready.changed) this.changes.answered(changed);
    if (ready.soft !== null) {
      this.#reporter.statusChanged();
      observer.onSoft(ready.soft, this.#core.last);
      this.#handover.believed(ready.soft);
    }
    for (const { from, reason } of ready.refused) this.#peers.refuse(from, reason);
    if (ready.transferEnded !== null) this.#handover.ended(ready.transferEnded);
  }

  #send(to: NodeId, message: PeerMessage): void {
    if (message.type !== "app" && !isSnapshotTransfer(message)) this.#settings.observer.onSend(to, message);
    this.#peers.send(to, message);
  }

  #append(task: AppendTask): void {
    this.#settings.observer.onAppend(task);
    this.#hold.begin();
    this.#appends.begin(task);
  }

  #appended(task: AppendTask): void {
    this.#guard(() => this.#settings.observer.onDurable(task));
    this.#hold.end();
    this.#push({ type: "append-done", seq: task.seq });
  }

  #applySlice(now: Stamped): void {
    if (!this.#applier.busy) return;
    const before = this.#applier.applied.term;
    const slice = this.#applier.run();
    const index = this.#applier.appliedIndex;
    this.#settings.onApplied?.(index);
    settleProposals(this.#proposals, slice, before);
    this.#snapshots.takeWhenDue();
    // Each slice counts: a snapshot taken after it may be durable before the task is done.
    this.#step({ type: "apply-done", index }, now);
  }

  #now(): Stamped {
    const { clock } = this.#settings.host;
    return { nowMs: clock.now(), wallMs: clock.wallNow() };
  }

  // Whatever is thrown here leaves the node in an unknown state: it stops.
  #guard(run: () => void): void {
    if (this.#stopped) return;
    try {
      run();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops the node with the error that made it impossible to go on. */
  fail(error: unknown): void {
    if (this.#stopped) return;
    this.#settings.host.logger.error({ err: error }, "the node stops");
    this.#stop({ type: "failed", error: asError(error) });
  }

  #stop(reason: StopReason): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (reason.type === "removed") this.#membership.removed(this.#core.configuration);
    this.#work = [];
    this.#pulse.stop();
    this.#hold.end();
    this.#snapshots.close(reason.type === "closed" ? finishMs : 0);
    this.#peers.close();
    this.#proposals.close();
    this.#handover.fail("the node stopped");
    this.changes.close();
    this.#reads.close();
    this.#released = this.#release(reason).then(() => this.#onStop(reason));
  }

  async #release(reason: StopReason): Promise<void> {
    await this.#appends.idle();
    await Promise.all([this.#snapshots.idle(), this.#pledges.close(), this.#membership.close()]);
    await letGo(this.#storage, reason);
  }
}
