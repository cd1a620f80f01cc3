import { FlotillaError } from "@flotilla/runtime";
import type { Clock } from "@flotilla/runtime";
import type { SnapshotChunk, SnapshotReply } from "../core/message.ts";
import type { NodeId, Term } from "../core/types.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";

const chunkBytes = 256 << 10;
const maxResends = 10;

export interface SenderOptions {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  /** A chunk is sent again when it was not answered for so long. */
  readonly resendMs: number;
  readonly send: (to: NodeId, chunk: SnapshotChunk) => void;
  /** A stream ended: `ok` once the receiver has installed all of it. */
  readonly onSent: (to: NodeId, ok: boolean) => void;
  /** The newest snapshot cannot be sent. */
  readonly onDamaged: (error: unknown) => void;
  readonly onFailure: (error: unknown) => void;
}

interface Stream {
  readonly term: Term;
  meta: SnapshotMeta | null;
  bytes: Uint8Array;
  offset: number;
  sentMs: number;
  resends: number;
}

/** Sends the newest snapshot to peers that need it, one chunk at a time each. */
export class SnapshotSender {
  readonly #options: SenderOptions;
  readonly #streams = new Map<NodeId, Stream>();
  // The bytes of one snapshot are shared by all streams that send it.
  #loaded: { readonly meta: SnapshotMeta; readonly bytes: Promise<Uint8Array> } | null = null;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Begins a stream in `term`; one that is under way starts over. */
  start(to: NodeId, term: Term): void {
    const stream: Stream = { term, meta: null, bytes: new Uint8Array(0), offset: 0, sentMs: 0, resends: 0 };
    this.#streams.set(to, stream);
    this.#load(to, stream).catch((error: unknown) => this.#options.onFailure(error));
  }

  /** The receiver says how far it is. */
  reply(from: NodeId, { last, received }: SnapshotReply): void {
    const stream = this.#streams.get(from);
    const meta = stream?.meta;
    if (stream === undefined || !meta || meta.last.index !== last.index || meta.last.term !== last.term)
      return;
    if (received === meta.totalBytes && (meta.totalBytes > 0 || stream.sentMs > 0))
      return this.#end(from, true);
    if (received > meta.totalBytes) return this.#end(from, false);
    // A repeated answer; the chunk from here is on its way.
    if (received === stream.offset) return;
    if (received > stream.offset) stream.resends = 0;
    stream.offset = received;
    this.#sendChunk(from, stream, meta);
  }

  /** Sends again what was not answered, and gives up what belongs to another term or is never answered. */
  tick(term: Term, leads: boolean): void {
    const nowMs = this.#options.clock.now();
    for (const [to, stream] of this.#streams) {
      if (!leads || stream.term !== term) {
        this.#end(to, false);
      } else if (stream.meta !== null && nowMs - stream.sentMs >= this.#options.resendMs) {
        stream.resends += 1;
        if (stream.resends > maxResends) this.#end(to, false);
        else this.#sendChunk(to, stream, stream.meta);
      }
    }
  }

  /** The links to `peer` ended. */
  stop(peer: NodeId): void {
    if (this.#streams.has(peer)) this.#end(peer, false);
  }

  async #load(to: NodeId, stream: Stream): Promise<void> {
    const meta = this.#options.store.newest;
    if (meta === null) return this.#end(to, false);
    if (this.#loaded?.meta !== meta) this.#loaded = { meta, bytes: this.#options.store.load(meta) };
    const bytes = await this.#loaded.bytes.catch((error: unknown) => this.#unloadable(error));
    if (this.#streams.get(to) !== stream) return;
    if (bytes === null) return this.#end(to, false);
    stream.meta = meta;
    stream.bytes = bytes;
    this.#sendChunk(to, stream, meta);
  }

  // A damaged snapshot is not sent; the next one may be whole.
  #unloadable(error: unknown): null {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
    this.#loaded = null;
    this.#options.onDamaged(error);
    return null;
  }

  #sendChunk(to: NodeId, stream: Stream, meta: SnapshotMeta): void {
    const { last, timeMs, configuration, totalBytes, checksum } = meta;
    stream.sentMs = this.#options.clock.now();
    const bytes = stream.bytes.subarray(stream.offset, stream.offset + chunkBytes);
    this.#options.send(to, {
      type: "snapshot-chunk",
      term: stream.term,
      last,
      timeMs,
      configuration,
      offset: stream.offset,
      totalBytes,
      checksum,
      bytes,
    });
  }

  #end(to: NodeId, ok: boolean): void {
    this.#streams.delete(to);
    if (this.#streams.size === 0) this.#loaded = null;
    this.#options.onSent(to, ok);
  }
}
