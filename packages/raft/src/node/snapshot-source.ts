import { crc32 } from "node:zlib";
import { FlotillaError } from "@flotilla/runtime";
import type { Clock, Timer } from "@flotilla/runtime";
import type { NodeId } from "../core/types.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";
import type { SnapshotChunk, SnapshotRefusal, SnapshotRequest } from "../transport/snapshot-codec.ts";

const maxStreams = 2;
/** Requests of one peer that wait. */
const maxWaiting = 4;
/** Entries that follow a chunk wait for this much at most, bytes. */
const maxBacklogBytes = 256 << 10;
/** Chunks of all streams together, so that disk, link and loop stay free for entries. */
const bytesPerMs = 64 << 10;
const lookAgainMs = 5;

export interface SourceOptions {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  /** A stream silent for so long makes way for another. */
  readonly idleMs: number;
  readonly send: (to: NodeId, message: SnapshotChunk | SnapshotRefusal) => void;
  /** Bytes on their way to a peer that entries would have to wait for. */
  readonly backlog: (to: NodeId) => number;
  readonly onDamaged: (meta: SnapshotMeta) => void;
  readonly onFailure: (error: unknown) => void;
  readonly probe: (name: string) => void;
}

interface Stream {
  readonly meta: SnapshotMeta;
  readonly release: () => void;
  readonly waiting: SnapshotRequest[];
  heardMs: number;
}

/**
 * Serves the snapshots of this node to whoever asks: two peers at once, a chunk each in turn, one read at a time,
 * behind the entries on the same link and within a budget of bytes.
 */
export class SnapshotSource {
  readonly #options: SourceOptions;
  // In the order in which they are served next.
  readonly #streams = new Map<NodeId, Stream>();
  /** Who was sent the end of a snapshot. */
  readonly #ended = new WeakMap<SnapshotMeta, Set<NodeId>>();
  #timer: Timer | null = null;
  #reading = false;
  #freeMs = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** A peer asks for part of a snapshot. */
  request(from: NodeId, request: SnapshotRequest): void {
    const { store, clock, probe } = this.#options;
    const meta = store.find(request);
    if (meta === null || request.offset + request.length > meta.totalBytes) {
      probe("raft.snapshot-absent");
      return this.#refuse(from, request, "absent");
    }
    const stream = this.#streamOf(from, meta);
    if (stream === null) {
      probe("raft.snapshot-busy");
      return this.#refuse(from, request, "busy");
    }
    stream.heardMs = clock.now();
    if (stream.waiting.length < maxWaiting) stream.waiting.push(request);
    this.#next();
  }

  tick(): void {
    const silentSinceMs = this.#options.clock.now() - this.#options.idleMs;
    for (const [peer, { heardMs }] of this.#streams) if (heardMs < silentSinceMs) this.stop(peer);
  }

  /** The links to `peer` ended, or it has what it wants. */
  stop(peer: NodeId): void {
    this.#streams.get(peer)?.release();
    this.#streams.delete(peer);
  }

  close(): void {
    this.#timer?.cancel();
    for (const peer of this.#streams.keys()) this.stop(peer);
  }

  #streamOf(from: NodeId, meta: SnapshotMeta): Stream | null {
    const current = this.#streams.get(from);
    if (current?.meta === meta) return current;
    if (current !== undefined) this.stop(from);
    if (this.#streams.size >= maxStreams) return null;
    const release = this.#options.store.hold(meta);
    const stream: Stream = { meta, release, waiting: [], heardMs: 0 };
    this.#streams.set(from, stream);
    return stream;
  }

  // Only one at a time is read, and only when it can leave.
  #next(): void {
    if (this.#reading || this.#timer !== null) return;
    const asking = [...this.#streams].filter(([, { waiting }]) => waiting.length > 0);
    if (asking.length === 0) return;
    const waitMs = this.#freeMs - this.#options.clock.now();
    if (waitMs > 0) return this.#later(waitMs);
    const [chosen] = asking.filter(([peer]) => this.#options.backlog(peer) < maxBacklogBytes);
    if (chosen === undefined) this.#later(lookAgainMs);
    else this.#serve(...chosen);
  }

  #serve(peer: NodeId, stream: Stream): void {
    const request = stream.waiting.shift();
    if (request === undefined) return;
    this.#streams.delete(peer);
    this.#streams.set(peer, stream);
    this.#reading = true;
    this.#freeMs = Math.max(this.#freeMs, this.#options.clock.now()) + request.length / bytesPerMs;
    const after = (): void => {
      this.#reading = false;
      this.#next();
    };
    this.#send(peer, stream, request).then(after, this.#options.onFailure);
  }

  async #send(peer: NodeId, stream: Stream, { offset, length }: SnapshotRequest): Promise<void> {
    const { store, send, onDamaged, probe } = this.#options;
    const { meta } = stream;
    const { last, hash, totalBytes } = meta;
    try {
      if (offset === 0 && this.#beginsAnew(peer, meta)) await store.prove(meta);
      const bytes = await store.read(meta, offset, length);
      if (offset + length === totalBytes) this.#endedOf(meta).add(peer);
      if (this.#streams.get(peer) !== stream) return;
      send(peer, { type: "snapshot-chunk", last, hash, offset, checksum: crc32(bytes), bytes });
      probe("raft.snapshot-served");
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
      onDamaged(meta);
      this.stop(peer);
      this.#options.send(peer, { type: "snapshot-refusal", last, hash, reason: "absent" });
    }
  }

  /** What it got before may not have been what the snapshot was: it goes by the hash of the whole. */
  #beginsAnew(peer: NodeId, meta: SnapshotMeta): boolean {
    return this.#endedOf(meta).delete(peer);
  }

  #endedOf(meta: SnapshotMeta): Set<NodeId> {
    const ended = this.#ended.get(meta) ?? new Set();
    this.#ended.set(meta, ended);
    return ended;
  }

  #refuse(to: NodeId, { last, hash }: SnapshotRequest, reason: SnapshotRefusal["reason"]): void {
    this.#options.send(to, { type: "snapshot-refusal", last, hash, reason });
  }

  #later(delayMs: number): void {
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#next();
    });
  }
}
