import { FlotillaError } from "@flotilla/runtime";
import type { Host } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import type { Event } from "../core/event.ts";
import type { SnapshotReply } from "../core/message.ts";
import type { Raft } from "../core/raft.ts";
import type { SnapshotHead } from "../core/snapshot-head.ts";
import type { Index, LogId, NodeId } from "../core/types.ts";
import type { LogStore } from "../storage/log-store.ts";
import { restoreState } from "../storage/restore-state.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";
import type { PeerMessage } from "../transport/message-codec.ts";
import type { Peers } from "../transport/peers.ts";
import type { SnapshotTransfer } from "../transport/snapshot-codec.ts";
import type { Applier } from "./applier.ts";
import type { Settings } from "./settings.ts";
import { SnapshotOffers } from "./snapshot-offers.ts";
import { SnapshotPuller } from "./snapshot-puller.ts";
import { SnapshotSource } from "./snapshot-source.ts";
import type { Snapshot } from "./state-machine.ts";

/** How long a close waits for a snapshot that is being written. */
export const finishMs = 5_000;

/** What a snapshot taken here stands for. */
interface SnapshotPoint {
  readonly last: LogId;
  readonly timeMs: number;
  readonly configuration: Configuration;
}

/** A snapshot that arrived whole and is durable, ready to become the state. */
export interface ReceivedSnapshot {
  readonly from: NodeId;
  readonly head: SnapshotHead;
  /** Puts it in the place of the state machine's state. */
  readonly replace: () => void;
}

export interface SnapshotsOptions {
  readonly settings: Settings;
  readonly store: SnapshotStore;
  readonly log: LogStore;
  readonly core: Raft;
  readonly applier: Applier;
  readonly peers: () => Pick<Peers, "connected" | "bulkBytes" | "isUp">;
  readonly send: (to: NodeId, message: PeerMessage) => void;
  readonly push: (event: Event) => void;
  readonly onReceived: (snapshot: ReceivedSnapshot) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Takes, offers, serves and receives snapshots for one node. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #host: Host;
  readonly #offers: SnapshotOffers;
  readonly #source: SnapshotSource;
  readonly #puller: SnapshotPuller;
  #saving: Promise<void> | null = null;
  #loading: Promise<void> = Promise.resolve();
  readonly #damagedOnes = new WeakSet<SnapshotMeta>();
  #isWanted = false;
  #closed = false;
  /** Until when a snapshot under way is written on once nothing new begins. */
  #finishUntilMs = 0;

  constructor(options: SnapshotsOptions) {
    const { settings, store, log, core, peers, send, onFailure } = options;
    const { host, electionTimeoutMs } = settings;
    const { clock, probe } = host;
    const onDamaged = (meta: SnapshotMeta): void => this.#damaged(meta);
    this.#options = options;
    this.#host = host;
    this.#offers = new SnapshotOffers({
      clock,
      store,
      repeatMs: electionTimeoutMs,
      base: () => log.base.index,
      send,
      onSent: (to, ok) => options.push({ type: "snapshot-sent", to, ok }),
      onDamaged,
      onFailure,
    });
    this.#source = new SnapshotSource({
      clock,
      store,
      idleMs: 2 * electionTimeoutMs,
      send,
      backlog: (to) => peers().bulkBytes(to),
      onDamaged,
      onFailure,
      probe,
    });
    this.#puller = new SnapshotPuller({
      clock,
      store,
      chunkBytes: settings.snapshotChunkBytes,
      quietMs: electionTimeoutMs,
      seq: () => log.seq,
      isNews: ({ index }) => index > core.commit,
      peers: () => peers().connected,
      send,
      onProgress: (to, last, received) => send(to, this.#reply(last, received, false)),
      onReceived: (leader, meta) => this.#prepare(leader, meta),
      onFailure,
      probe,
    });
  }

  /** Takes a snapshot when one is due. Call it right after an apply. */
  takeWhenDue(): void {
    const { applier } = this.#options;
    if (!applier.isSnapshotDue) return;
    // One that falls due while another is being written is left out.
    applier.snapshotTaken();
    this.#take();
  }

  startSending(to: NodeId): void {
    this.#offers.start(to, this.#options.core.term);
  }

  /** A receiver answers an offer. */
  replied(from: NodeId, reply: SnapshotReply): void {
    this.#offers.replied(from, reply);
  }

  offered(from: NodeId, head: SnapshotHead): void {
    this.#puller.offered(from, head);
  }

  /** Bytes are asked for, arrive, or are not to be had. */
  transfer(from: NodeId, message: SnapshotTransfer): void {
    if (this.#closed) return;
    if (message.type === "snapshot-request") this.#source.request(from, message);
    else if (message.type === "snapshot-chunk") this.#puller.chunk(from, message);
    else this.#puller.refused(from, message);
  }

  /** The receiver's last word: the snapshot is installed. */
  installed({ from, head }: ReceivedSnapshot): void {
    this.#puller.done();
    this.#options.send(from, this.#reply(head.last, head.totalBytes, true));
  }

  /** True while what is received goes on by ticks. */
  get needsTicks(): boolean {
    return this.#puller.isPulling;
  }

  tick(): void {
    const { core } = this.#options;
    this.#offers.tick(core.term, core.role === "leader");
    this.#source.tick();
    this.#puller.tick();
    if (this.#isWanted && this.#saving === null) {
      this.#isWanted = false;
      this.#take();
    }
  }

  peerDown(peer: NodeId): void {
    this.#offers.stop(peer);
    this.#source.stop(peer);
    this.#puller.peerDown(peer);
  }

  /**
   * Begins nothing new.
   * @param finishMs how long a snapshot that is being written may still take: without it the next start has all to do
   * again that it stands for
   */
  close(finishMs: number): void {
    this.#closed = true;
    this.#finishUntilMs = this.#host.clock.now() + finishMs;
    this.#offers.close();
    this.#source.close();
    this.#puller.close();
  }

  /** Resolves once nothing is being written or read. */
  async idle(): Promise<void> {
    await this.#saving;
    await this.#puller.idle();
    await this.#loading;
  }

  #take(): void {
    const { settings, store, applier, core, onFailure } = this.#options;
    const configuration = core.configurationAt(applier.appliedIndex);
    if (this.#saving !== null || this.#closed || configuration.index === 0) return;
    const { newest } = store;
    if (newest !== null && newest.last.index >= applier.appliedIndex && store.find(newest) !== null) return;
    const point = { last: applier.applied, timeMs: applier.timeMs, configuration };
    this.#saving = this.#save(settings.stateMachine.snapshot(), point)
      .catch(onFailure)
      .then(() => {
        this.#saving = null;
      });
  }

  async #save(snapshot: Snapshot, point: SnapshotPoint): Promise<void> {
    const { settings, store, log, push } = this.#options;
    const writer = await store.create(point.last);
    for (const chunk of snapshot.chunks()) {
      if (this.#isOver()) return writer.abandon();
      await writer.write(chunk);
      await new Promise<void>((resolve) => this.#host.clock.defer(resolve));
    }
    const { last, timeMs, configuration } = point;
    await store.adopt(await writer.commit({ timeMs, configuration, seq: log.seq, installed: false }));
    settings.observer.onSnapshot(last);
    this.#puller.tidy();
    push({ type: "snapshot-saved", last, compactTo: this.#floor(last) });
  }

  #isOver(): boolean {
    return this.#closed && this.#host.clock.now() >= this.#finishUntilMs;
  }

  /**
   * Where the log may begin once the snapshot at `last` is durable: behind it stay the trailing entries, what the
   * slowest peer that can still do with the log lacks, and what the older snapshot goes on with, should the newest
   * prove damaged. All of it within `trailingBytes`.
   */
  #floor({ index }: LogId): Index {
    const { settings, store, log } = this.#options;
    const older = store.all.length > 1 ? (store.all[0]?.last.index ?? 0) : 0;
    const wanted = Math.min(index - settings.trailingEntries, older, this.#slowestMatch());
    return Math.min(index, Math.max(wanted, log.floorWithin(settings.trailingBytes, index), 0));
  }

  #slowestMatch(): Index {
    const { core, peers } = this.#options;
    let slowest = Number.MAX_SAFE_INTEGER;
    for (const peer of peers().connected) {
      const match = core.matchOf(peer);
      if (match !== null && match >= core.firstIndex - 1) slowest = Math.min(slowest, match);
    }
    return slowest;
  }

  #prepare(from: NodeId, meta: SnapshotMeta): void {
    this.#loading = this.#load(meta)
      .then((replace) => {
        if (replace !== null && !this.#closed) this.#options.onReceived({ from, head: meta, replace });
      })
      .catch(this.#options.onFailure);
  }

  // Beside the state in use, which goes on being applied to: a node that installs misses nothing.
  async #load(meta: SnapshotMeta): Promise<(() => void) | null> {
    const { settings, store } = this.#options;
    const { clock, probe } = this.#host;
    const restoring = settings.stateMachine.beginRestore(meta.last.index);
    const onPiece = (): void => probe("raft.snapshot-installing");
    const isWanted = (): boolean => !this.#closed;
    try {
      const { type } = await restoreState(meta, { clock, store, restoring, onPiece, isWanted });
      if (type === "proved") return () => restoring.replace();
      if (type === "left") return null;
    } catch (error) {
      // The next start must not build on what was refused here.
      if (!FlotillaError.is(error, "ERR_FLOTILLA_STORAGE")) await store.remove(meta);
      throw error;
    }
    this.#damaged(meta);
    await store.remove(meta);
    this.#puller.done();
    return null;
  }

  // The next one may be whole.
  #damaged(meta: SnapshotMeta): void {
    if (this.#damagedOnes.has(meta)) return;
    this.#damagedOnes.add(meta);
    const { last } = meta;
    this.#host.logger.error({ snapshot: last.index }, "a snapshot is damaged: a new one is taken");
    this.#isWanted = true;
  }

  #reply(last: LogId, received: number, done: boolean): SnapshotReply {
    return { type: "snapshot-reply", term: this.#options.core.term, last, received, done };
  }
}
