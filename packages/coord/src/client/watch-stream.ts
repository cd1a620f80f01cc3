import type { Node, WatchToken } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { ResumeToken, SnapshotMessage, ToldEvent, WatchSpec } from "../wire/messages.ts";
import type { Watch, WatchBookmark, WatchEvent } from "./api.ts";
import type { WatchPosition } from "./watch-api.ts";
import { onAbort } from "../on-abort.ts";
import { EventQueue } from "./event-queue.ts";

/** A watch as its consumer asks for it. */
export interface WatchRequest extends Omit<WatchSpec, "id"> {
  /** Ends after the first event. */
  readonly once: boolean;
}

type Told = WatchEvent | WatchBookmark;

/** What a stream asks of the table that feeds it. */
export interface WatchFeed {
  /** The queue has room again after it was full. */
  resume(stream: WatchStream): void;
  /** The consumer is done with it. */
  close(stream: WatchStream): void;
}

/** Sorts behind every ordinal of a revision. */
const lastOrdinal = Number.MAX_SAFE_INTEGER;

function isAfter(event: WatchToken, token: ResumeToken): boolean {
  return (
    event.revision > token.revision || (event.revision === token.revision && event.ordinal > token.ordinal)
  );
}

/** A node of its own: a decoded one keeps the whole frame alive, one from within the process is the tree's. */
function ownNode(node: Node): Node {
  return { value: new Uint8Array(node.value), stat: { ...node.stat } };
}

type Reader = {
  readonly resolve: (result: IteratorResult<Told>) => void;
  readonly reject: (error: Error) => void;
};

/** One watch as its consumer sees it: events in order, each once, whatever channels they came over. */
export class WatchStream implements Watch<Told> {
  readonly #request: WatchRequest;
  readonly #feed: WatchFeed;
  readonly #queue = new EventQueue();
  readonly #stopListening: (() => void) | undefined;
  #readers: Reader[] = [];
  #pages: { path: string; node: Node }[] = [];
  /** Everything up to here was taken in. */
  #head: ResumeToken;
  /** Everything up to here was handed out. */
  #token: WatchPosition;
  #paused = false;
  /** It was paused, and the server has not said what that meant. */
  #slow = false;
  #ended = false;
  #error: Error | undefined;

  constructor(feed: WatchFeed, request: WatchRequest, token: ResumeToken, signal: AbortSignal | undefined) {
    this.#request = request;
    this.#feed = feed;
    this.#head = token;
    this.#token = token;
    this.#stopListening = signal && onAbort(signal, () => void this.close());
  }

  get token(): WatchPosition {
    return this.#token;
  }

  /** What to ask a server for, to go on. */
  spec(id: number): WatchSpec {
    const { path, kind, wants } = this.#request;
    return { id, path, kind, from: this.#head, wants };
  }

  /** Takes in what is new of a message. False when the queue is full now: feed no more until `resume`. */
  events(events: readonly ToldEvent[]): boolean {
    for (const event of events) {
      if (this.#ended || !isAfter(event, this.#head)) continue;
      this.#slow = false;
      const { revision, ordinal, type, path, node } = event;
      this.#head = { historyId: this.#head.historyId, revision, ordinal };
      this.#offer({
        type,
        path,
        revision,
        token: this.#head,
        node: node && ownNode(node),
        ...(this.#wantsPrevious ? { previous: event.previous && ownNode(event.previous) } : {}),
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
    const reason = this.#slow && page.reason === "compacted" ? "fell-behind" : page.reason;
    this.#slow = false;
    this.#offer({ type: "snapshot", revision, token: this.#head, reason, nodes });
    return this.#hasRoom();
  }

  /** Takes in where the server stands with it. False when the queue is full now. */
  bookmark(token: ResumeToken): boolean {
    if (!this.#ended && token.historyId === this.#head.historyId && isAfter(token, this.#head)) {
      this.#head = token;
      this.#slow = false;
      if (this.#hasBookmarks) this.#offer({ type: "bookmark", revision: token.revision, token });
      else if (this.#queue.size === 0) this.#token = token;
    }
    return this.#hasRoom();
  }

  /** The channel ended: pages never continue on another. */
  interrupted(): void {
    this.#pages = [];
  }

  /** Ends the stream; with an error, what was taken in is handed out first. */
  end(error?: Error): void {
    if (this.#ended) {
      if (error === undefined) this.#queue.clear();
      return;
    }
    this.#error = error;
    if (error === undefined) this.#queue.clear();
    this.#end();
  }

  close(): Promise<void> {
    const isEnded = this.#ended;
    this.end();
    if (!isEnded) this.#feed.close(this);
    return Promise.resolve();
  }

  #end(): void {
    this.#ended = true;
    this.#pages = [];
    this.#stopListening?.();
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) this.#finish(reader);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Told> {
    return {
      next: () => this.#next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  get #hasBookmarks(): boolean {
    return (this.#request.wants?.bookmarkMs ?? null) !== null;
  }

  get #wantsPrevious(): boolean {
    return this.#request.wants?.previous ?? false;
  }

  #next(): Promise<IteratorResult<Told>> {
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

  #offer(event: Told): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#queue.push(event);
    } else {
      this.#token = event.token;
      reader.resolve({ done: false, value: event });
    }
    if (this.#request.once && event.type !== "bookmark") this.#complete();
  }

  /** There is nothing more to come; what was taken in is handed out. */
  #complete(): void {
    this.#end();
    this.#feed.close(this);
  }

  #hasRoom(): boolean {
    if (this.#ended || !this.#queue.isFull) return true;
    this.#paused = true;
    this.#slow = true;
    return false;
  }

  #finish(reader: Reader): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}
