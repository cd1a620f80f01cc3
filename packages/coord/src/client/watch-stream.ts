import type { Node, WatchKind } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { ResumeToken, SnapshotMessage, ToldEvent } from "../wire/messages.ts";
import type { Watch, WatchEvent, WatchPosition } from "./api.ts";
import { EventQueue } from "./event-queue.ts";

/** What a stream asks of the table that feeds it. */
export interface WatchFeed {
  /** The queue has room again after it was full. */
  resume(stream: WatchStream): void;
  /** The consumer is done with it. */
  close(stream: WatchStream): void;
}

/** Sorts behind every ordinal of a revision. */
const lastOrdinal = Number.MAX_SAFE_INTEGER;

function isAfter(event: ToldEvent, token: ResumeToken): boolean {
  return (
    event.revision > token.revision || (event.revision === token.revision && event.ordinal > token.ordinal)
  );
}

/** A node of its own: a decoded one keeps the whole frame alive, one from within the process is the tree's. */
function ownNode(node: Node): Node {
  return { value: new Uint8Array(node.value), stat: { ...node.stat } };
}

type Reader = {
  readonly resolve: (result: IteratorResult<WatchEvent>) => void;
  readonly reject: (error: Error) => void;
};

/** One watch as its consumer sees it: events in order, each once, whatever channels they came over. */
export class WatchStream implements Watch {
  readonly path: string;
  readonly kind: WatchKind;
  readonly #feed: WatchFeed;
  readonly #queue = new EventQueue();
  readonly #signal: AbortSignal | undefined;
  #readers: Reader[] = [];
  #pages: { path: string; node: Node }[] = [];
  /** Everything up to here was taken in. */
  #head: ResumeToken;
  /** Everything up to here was handed out. */
  #token: WatchPosition;
  #paused = false;
  #ended = false;
  #error: Error | undefined;

  constructor(
    feed: WatchFeed,
    path: string,
    kind: WatchKind,
    token: ResumeToken,
    signal: AbortSignal | undefined,
  ) {
    this.path = path;
    this.kind = kind;
    this.#feed = feed;
    this.#head = token;
    this.#token = token;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#aborted, { once: true });
  }

  get token(): WatchPosition {
    return this.#token;
  }

  /** Where a server has to go on. */
  get head(): ResumeToken {
    return this.#head;
  }

  /** Takes in what is new of a message. False when the queue is full now: feed no more until `resume`. */
  events(events: readonly ToldEvent[]): boolean {
    for (const event of events) {
      if (this.#ended || !isAfter(event, this.#head)) continue;
      const { revision, ordinal, type, path, node } = event;
      this.#head = { historyId: this.#head.historyId, revision, ordinal };
      this.#offer({
        type,
        path,
        revision,
        token: this.#head,
        node: node === null ? null : ownNode(node),
      });
    }
    return this.#hasRoom();
  }

  /**
   * Takes in a page of a snapshot. False when the queue is full now.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` when it would take the stream back in time
   */
  page(page: SnapshotMessage): boolean {
    const { historyId, revision } = page;
    if (historyId === this.#head.historyId && revision < this.#head.revision) {
      throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "a snapshot is older than what its watch was told");
    }
    for (const { path, node } of page.nodes) this.#pages.push({ path, node: ownNode(node) });
    if (!page.last) return true;
    const nodes = this.#pages;
    this.#pages = [];
    this.#head = { historyId, revision, ordinal: lastOrdinal };
    this.#offer({ type: "snapshot", revision, token: this.#head, nodes });
    return this.#hasRoom();
  }

  /** The channel ended: pages never continue on another. */
  interrupted(): void {
    this.#pages = [];
  }

  /** Ends the stream; with an error, what was taken in is handed out first. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#pages = [];
    this.#signal?.removeEventListener("abort", this.#aborted);
    if (error === undefined) this.#queue.clear();
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) this.#finish(reader);
  }

  close(): Promise<void> {
    if (!this.#ended) {
      this.end();
      this.#feed.close(this);
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    return {
      next: () => this.#next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  #next(): Promise<IteratorResult<WatchEvent>> {
    const event = this.#queue.shift();
    if (event !== undefined) {
      this.#token = event.token;
      if (this.#paused && this.#queue.size === 0) {
        this.#paused = false;
        this.#feed.resume(this);
      }
      return Promise.resolve({ done: false, value: event });
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#ended) this.#finish(reader);
      else this.#readers.push(reader);
    });
  }

  #offer(event: WatchEvent): void {
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#queue.push(event);
      return;
    }
    this.#token = event.token;
    reader.resolve({ done: false, value: event });
  }

  #hasRoom(): boolean {
    if (!this.#queue.isFull) return true;
    this.#paused = true;
    return false;
  }

  #finish(reader: Reader): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }

  readonly #aborted = (): void => void this.close();
}
