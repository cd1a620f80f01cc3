import type { SnapshotChunk } from "../core/message.ts";
import type { LogId, NodeId } from "../core/types.ts";
import type { SnapshotStore, SnapshotWriter } from "../storage/snapshot-store.ts";

/** A snapshot that arrived whole and is durable. */
export interface ReceivedSnapshot {
  readonly from: NodeId;
  readonly chunk: SnapshotChunk;
  readonly bytes: Uint8Array;
}

export interface ReceiverOptions {
  readonly store: SnapshotStore;
  /** Number of the newest durable batch of the log. */
  readonly seq: () => number;
  /** `received` bytes of the snapshot at `last` are here, in order: the moment to ask for more. */
  readonly onProgress: (to: NodeId, last: LogId, received: number) => void;
  readonly onReceived: (snapshot: ReceivedSnapshot) => void;
  readonly onFailure: (error: unknown) => void;
  readonly probe: (name: string) => void;
}

interface Incoming {
  readonly head: SnapshotChunk;
  readonly parts: Uint8Array[];
  received: number;
}

/**
 * Stores the chunks of one snapshot at a time. Chunks that do not continue it are answered with how far it
 * is, so a lost, repeated or late one only costs a round trip.
 */
export class SnapshotReceiver {
  readonly #options: ReceiverOptions;
  #incoming: Incoming | null = null;
  #writer: SnapshotWriter | null = null;
  #busy: Promise<void> | null = null;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Takes a chunk that the core let through. One that comes while another is being stored is dropped. */
  receive(from: NodeId, chunk: SnapshotChunk): void {
    if (this.#busy !== null) return;
    const incoming = this.#incoming;
    const same = incoming !== null && isSame(incoming.head, chunk);
    if (same ? chunk.offset !== incoming.received : chunk.offset !== 0) {
      this.#options.probe("raft.snapshot-chunk-out-of-order");
      this.#options.onProgress(from, chunk.last, same ? incoming.received : 0);
      return;
    }
    this.#busy = this.#take(from, chunk, same ? incoming : null)
      .catch(this.#options.onFailure)
      .then(() => {
        this.#busy = null;
      });
  }

  /** Resolves once nothing is being written. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  async #take(from: NodeId, chunk: SnapshotChunk, incoming: Incoming | null): Promise<void> {
    const current = incoming ?? { head: chunk, parts: [], received: 0 };
    this.#incoming = current;
    if (incoming === null) {
      await this.#writer?.abandon();
      this.#writer = await this.#options.store.create(chunk.last);
    }
    // A copy: the chunk is a view of its frame.
    const bytes = Uint8Array.from(chunk.bytes);
    await this.#writer?.write(bytes);
    current.parts.push(bytes);
    current.received += bytes.length;
    if (current.received < chunk.totalBytes) this.#options.onProgress(from, chunk.last, current.received);
    else await this.#complete(from, current);
  }

  async #complete(from: NodeId, { head, parts }: Incoming): Promise<void> {
    const writer = this.#writer;
    this.#incoming = null;
    this.#writer = null;
    if (writer === null) return;
    if (writer.checksum !== head.checksum) {
      this.#options.probe("raft.snapshot-checksum");
      await writer.abandon();
      this.#options.onProgress(from, head.last, 0);
      return;
    }
    const { last, timeMs, configuration } = head;
    const meta = await writer.commit({ timeMs, configuration, seq: this.#options.seq(), installed: true });
    await this.#options.store.adopt(meta);
    this.#options.onReceived({ from, chunk: { ...head, last }, bytes: Buffer.concat(parts) });
  }
}

function isSame(a: SnapshotChunk, b: SnapshotChunk): boolean {
  return (
    a.last.index === b.last.index &&
    a.last.term === b.last.term &&
    a.checksum === b.checksum &&
    a.totalBytes === b.totalBytes
  );
}
