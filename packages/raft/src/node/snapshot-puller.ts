import { crc32 } from "node:zlib";
import type { Clock } from "@flotilla/runtime";
import { isSameSnapshot } from "../core/snapshot-head.ts";
import type { SnapshotHead } from "../core/snapshot-head.ts";
import type { LogId, NodeId } from "../core/types.ts";
import type { IncomingSnapshot } from "../storage/incoming-snapshot.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";
import type { SnapshotChunk, SnapshotRefusal, SnapshotRequest } from "../transport/snapshot-codec.ts";

/** Chunks asked for and not written yet. */
const windowChunks = 4;

export interface PullerOptions {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  readonly chunkBytes: number;
  /** Another source is asked when one was silent for so long. */
  readonly quietMs: number;
  /** Number of the newest durable batch of the log. */
  readonly seq: () => number;
  /** False once the log has committed as far by other means. */
  readonly isNews: (last: LogId) => boolean;
  /** Members that can be asked. */
  readonly peers: () => readonly NodeId[];
  readonly send: (to: NodeId, request: SnapshotRequest) => void;
  /** `received` bytes of the snapshot at `last` are here, in order: an answer to the leader's offer. */
  readonly onProgress: (to: NodeId, last: LogId, received: number) => void;
  /** A snapshot is whole and durable. Nothing else is received until `done`. */
  readonly onReceived: (leader: NodeId, meta: SnapshotMeta) => void;
  readonly onFailure: (error: unknown) => void;
  readonly probe: (name: string) => void;
}

interface Pull {
  readonly head: SnapshotHead;
  /** Who vouched for it last. */
  leader: NodeId;
  /** Null until the disk is ready. */
  incoming: IncomingSnapshot | null;
  source: NodeId | null;
  /** Bytes taken from the wire, in order. */
  accepted: number;
  /** Bytes asked for, from the source of the moment. */
  requested: number;
  heardMs: number;
  /** Whose bytes are among those received. */
  readonly used: Set<NodeId>;
  /** Who does not have it, or gave what it is not. */
  readonly without: Set<NodeId>;
  /** Who could not answer just now. */
  readonly busy: Set<NodeId>;
  isReceived: boolean;
}

/**
 * Receives one snapshot at a time, chunk by chunk, from the leader that offered it or from any other member that
 * has the very same one. What is durable of it outlives lost links, leaders and this process.
 */
export class SnapshotPuller {
  readonly #options: PullerOptions;
  #pull: Pull | null = null;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /** A leader offers a snapshot that the core let through. One that is being received goes before another. */
  offered(from: NodeId, head: SnapshotHead): void {
    if (this.#closed) return;
    const pull = this.#pull;
    const same = pull !== null && isSameSnapshot(pull.head, head);
    if (pull === null || !(same || this.#advances(pull))) return this.#start(from, head);
    pull.leader = from;
    this.#options.onProgress(from, pull.head.last, pull.incoming?.received ?? 0);
    if (!same || pull.source !== null) return;
    pull.without.clear();
    this.#chooseSource(pull);
  }

  /** A peer sends a chunk. Only the next one of this very snapshot, from whom it was asked of, is taken. */
  chunk(from: NodeId, chunk: SnapshotChunk): void {
    const { clock, probe } = this.#options;
    const pull = this.#pull;
    if (!pull?.incoming || !isExpected(pull, from, chunk, this.#lengthAt(pull, pull.accepted))) {
      return probe("raft.snapshot-chunk-out-of-order");
    }
    if (crc32(chunk.bytes) !== chunk.checksum) {
      probe("raft.snapshot-chunk-damaged");
      pull.without.add(from);
      return this.#chooseSource(pull);
    }
    probe("raft.snapshot-chunk");
    // A copy: the chunk is a view of its frame.
    const bytes = Uint8Array.from(chunk.bytes);
    pull.accepted += bytes.length;
    pull.heardMs = clock.now();
    pull.used.add(from);
    this.#do(async () => this.#take(pull, bytes));
  }

  /** A peer cannot send what it was asked for. */
  refused(from: NodeId, refusal: SnapshotRefusal): void {
    const pull = this.#pull;
    if (pull === null || pull.source !== from || !isSameSnapshot(pull.head, refusal)) return;
    (refusal.reason === "busy" ? pull.busy : pull.without).add(from);
    this.#chooseSource(pull);
  }

  /** True from the offer of a snapshot until it is installed or given up. */
  get isPulling(): boolean {
    return this.#pull !== null;
  }

  /** Asks another source when one is silent or was missing, and gives up what is no longer news. */
  tick(): void {
    const pull = this.#pull;
    if (!pull?.incoming || pull.isReceived) return;
    if (!this.#options.isNews(pull.head.last)) return this.#drop(pull);
    pull.busy.clear();
    const nowMs = this.#options.clock.now();
    if (pull.source !== null && nowMs - pull.heardMs >= this.#options.quietMs) {
      this.#options.probe("raft.snapshot-source-silent");
      pull.busy.add(pull.source);
      this.#chooseSource(pull);
      pull.busy.clear();
    }
    if (pull.source === null) this.#chooseSource(pull);
  }

  /** The links to `peer` ended. */
  peerDown(peer: NodeId): void {
    const pull = this.#pull;
    if (pull?.source === peer) this.#chooseSource(pull);
  }

  /** What was received is installed or was given up: the next one may come. */
  done(): void {
    this.#pull = null;
  }

  /** The log has come far enough by itself: what is left of an attempt is removed. */
  tidy(): void {
    this.#do(async () => (this.#pull === null ? this.#options.store.forgetIncoming() : null));
  }

  /** Begins nothing new, and keeps what was received. */
  close(): void {
    const incoming = this.#pull?.isReceived === false ? this.#pull.incoming : null;
    this.#closed = true;
    this.#pull = null;
    this.#do(async () => incoming?.leave());
  }

  /** Resolves once nothing is being written. */
  async idle(): Promise<void> {
    for (let seen: Promise<void> | null = null; seen !== this.#work;) {
      seen = this.#work;
      await seen;
    }
  }

  #advances({ isReceived, incoming, source, heardMs }: Pull): boolean {
    if (isReceived || incoming === null) return true;
    return source !== null && this.#options.clock.now() - heardMs < 2 * this.#options.quietMs;
  }

  #start(leader: NodeId, head: SnapshotHead): void {
    const before = this.#pull?.incoming;
    const pull: Pull = {
      head,
      leader,
      incoming: null,
      source: null,
      accepted: 0,
      requested: 0,
      heardMs: this.#options.clock.now(),
      used: new Set(),
      without: new Set(),
      busy: new Set(),
      isReceived: false,
    };
    this.#pull = pull;
    this.#do(async () => {
      await before?.leave();
      await this.#open(pull);
    });
  }

  async #open(pull: Pull): Promise<void> {
    if (this.#pull !== pull) return;
    const incoming = await this.#options.store.receive(pull.head);
    if (this.#pull !== pull) return incoming.leave();
    pull.incoming = incoming;
    pull.accepted = incoming.received;
    if (incoming.received > 0) this.#options.probe("raft.snapshot-resumed");
    this.#options.onProgress(pull.leader, pull.head.last, incoming.received);
    if (incoming.isComplete) await this.#finish(pull, incoming);
    else this.#chooseSource(pull);
  }

  async #take(pull: Pull, bytes: Uint8Array): Promise<void> {
    const { incoming } = pull;
    if (this.#pull !== pull || incoming === null) return;
    await incoming.write(bytes);
    if (this.#pull !== pull) return;
    if (incoming.isComplete) await this.#finish(pull, incoming);
    else this.#ask(pull);
  }

  async #finish(pull: Pull, incoming: IncomingSnapshot): Promise<void> {
    const { store, seq, isNews, onReceived, probe } = this.#options;
    if (!incoming.isWhole()) return this.#beginAnew(pull, incoming);
    if (!isNews(pull.head.last)) return this.#drop(pull);
    pull.isReceived = true;
    const meta = await store.finish(incoming, seq());
    probe("raft.snapshot-received");
    if (this.#pull === pull) onReceived(pull.leader, meta);
  }

  // Whoever gave a part of it is not asked again before the leader repeats its offer.
  async #beginAnew(pull: Pull, incoming: IncomingSnapshot): Promise<void> {
    this.#options.probe("raft.snapshot-checksum");
    pull.incoming = null;
    pull.source = null;
    pull.requested = 0;
    for (const peer of pull.used) pull.without.add(peer);
    pull.used.clear();
    await incoming.abandon();
    await this.#open(pull);
  }

  #drop(pull: Pull): void {
    this.#options.probe("raft.snapshot-not-news");
    this.#pull = null;
    this.#do(async () => pull.incoming?.abandon());
  }

  #chooseSource(pull: Pull): void {
    const { peers, clock, probe } = this.#options;
    if (pull.incoming === null || pull.isReceived) return;
    const able = peers().filter((peer) => !pull.without.has(peer) && !pull.busy.has(peer));
    const source = able.includes(pull.leader) ? pull.leader : (able[0] ?? null);
    if (source !== null && source !== pull.leader) probe("raft.snapshot-other-source");
    pull.source = source;
    pull.requested = pull.accepted;
    pull.heardMs = clock.now();
    if (source !== null) this.#ask(pull);
  }

  #ask(pull: Pull): void {
    const { head, source, incoming } = pull;
    if (source === null || incoming === null) return;
    const until = Math.min(head.totalBytes, incoming.received + windowChunks * this.#options.chunkBytes);
    while (pull.requested < until) {
      const { last, hash } = head;
      const offset = pull.requested;
      const length = this.#lengthAt(pull, offset);
      pull.requested += length;
      this.#options.send(source, { type: "snapshot-request", last, hash, offset, length });
    }
  }

  #lengthAt({ head }: Pull, offset: number): number {
    return Math.min(this.#options.chunkBytes, head.totalBytes - offset);
  }

  #do(work: () => Promise<unknown>): void {
    this.#work = this.#work.then(work).then(() => {}, this.#options.onFailure);
  }
}

function isExpected(pull: Pull, from: NodeId, chunk: SnapshotChunk, length: number): boolean {
  return (
    from === pull.source &&
    isSameSnapshot(pull.head, chunk) &&
    chunk.offset === pull.accepted &&
    chunk.bytes.length === length
  );
}
