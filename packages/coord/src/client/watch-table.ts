import { FlotillaError } from "@flotilla/runtime";
import { wireBounds } from "../wire/bounds.ts";
import type {
  ArmedMessage,
  BookmarkMessage,
  ClientMessage,
  EventsMessage,
  SnapshotMessage,
  WatchRefusedMessage,
  WatchSpec,
} from "../wire/messages.ts";
import type { CallLimits } from "./call.ts";
import { Wait } from "./call.ts";
import { watchRefusal } from "./results.ts";
import type { Deadlines } from "./deadlines.ts";
import type { WatchFeed, WatchRequest } from "./watch-stream.ts";
import { WatchStream } from "./watch-stream.ts";

/** Watches that may wait to be armed at a time. */
const maxPending = 400;
/** Of the watches that one attach names, UTF-16 units: at three bytes each they fit into its frame. */
const maxAttachLength = 1 << 20;
/** Of one, besides its texts. */
const plainLength = 100;

/** A watch from its call to the moment it stands. */
export class PendingWatch extends Wait<WatchStream> {
  readonly id: number;
  readonly request: WatchRequest;
  /** Last write issued before it; known once sent. */
  after: number | undefined = undefined;
  readonly #onGiveUp: () => void;

  constructor(
    id: number,
    request: WatchRequest,
    deadlines: Deadlines,
    limits: CallLimits,
    onGiveUp: () => void,
  ) {
    super(deadlines, limits);
    this.id = id;
    this.request = request;
    this.#onGiveUp = onGiveUp;
  }

  get what(): string {
    return `watch ${this.request.path}`;
  }

  protected giveUp(): boolean {
    this.#onGiveUp();
    return false;
  }
}

/** A session's watches: those that wait to be armed, those that stand, those whose consumer is behind. */
export class WatchTable implements WatchFeed {
  readonly #transmit: (message: ClientMessage) => void;
  readonly #pending = new Map<number, PendingWatch>();
  /** By the id of the present arming: a new one for every arming, so that what is late is recognized. */
  readonly #standing = new Map<number, WatchStream>();
  readonly #paused = new Set<WatchStream>();
  /** Ids named in the attach under way. */
  #named: number[] = [];
  /** Ids that came to stand while there was no channel to say so. */
  #unsaid: number[] = [];
  #live = false;
  #lastId = 0;

  constructor(transmit: (message: ClientMessage) => void) {
    this.#transmit = transmit;
  }

  /** A watch waits to stand. */
  get isArming(): boolean {
    return this.#pending.size > 0;
  }

  /**
   * Makes room for one more, and names it.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT` above 1,000 watches, `ERR_FLOTILLA_OVERLOADED` while too many wait
   */
  admit(): number {
    if (this.#pending.size >= maxPending) {
      throw new FlotillaError("ERR_FLOTILLA_OVERLOADED", "too many watches of the session wait to be armed");
    }
    if (this.#pending.size + this.#standing.size + this.#paused.size >= wireBounds.watches) {
      throw new FlotillaError("ERR_FLOTILLA_LIMIT", `a session has at most ${wireBounds.watches} watches`);
    }
    return this.#nextId();
  }

  add(watch: PendingWatch): void {
    this.#pending.set(watch.id, watch);
  }

  /** Its caller gave up before it stood. */
  giveUp(id: number): void {
    const watch = this.#pending.get(id);
    if (watch === undefined) return;
    this.#pending.delete(id);
    if (watch.after !== undefined) this.#transmit({ type: "unwatch", id });
  }

  /** Sends a watch for the first time, behind all writes up to `after`. */
  issue(id: number, after: number): void {
    const watch = this.#pending.get(id);
    if (watch === undefined) return;
    watch.after = after;
    this.#send(id, watch, after);
  }

  /** What stands, for the attach on a new channel; under new ids. What is too much for one message follows it. */
  specs(): WatchSpec[] {
    const streams = [...this.#standing.values()];
    this.#standing.clear();
    let length = 0;
    const specs = streams.map((stream) => this.#stand(stream));
    const ids = specs.map(({ id }) => id);
    const surplus = specs.findIndex((spec) => (length += lengthOf(spec)) > maxAttachLength);
    const count = surplus === -1 ? specs.length : surplus;
    this.#named = ids.slice(0, count);
    this.#unsaid = ids.slice(count);
    return specs.slice(0, count);
  }

  /** Attached on a new channel: says what the attach could not say, before anything else. True when there was something. */
  sendSurplus(): boolean {
    this.#live = true;
    for (const id of this.#named) if (!this.#standing.has(id)) this.#transmit({ type: "unwatch", id });
    const surplus = this.#unsaid.filter((id) => this.#standing.has(id));
    for (const id of surplus) this.#goOn(id);
    this.#named = [];
    this.#unsaid = [];
    return surplus.length > 0;
  }

  /** Sends what was sent before and is not armed. */
  sendAgain(): void {
    for (const [id, watch] of this.#pending)
      if (watch.after !== undefined) this.#send(id, watch, watch.after);
  }

  /** The channel ended. */
  interrupted(): void {
    this.#live = false;
    for (const stream of this.#standing.values()) stream.interrupted();
  }

  /** A watch stands. That one armed again does is no news. */
  armed(message: ArmedMessage): void {
    const watch = this.#pending.get(message.id);
    if (watch === undefined) return;
    this.#pending.delete(message.id);
    const { request, signal } = watch;
    const stream = new WatchStream(this, request, request.from ?? message.token, signal);
    this.#standing.set(message.id, stream);
    watch.resolve(stream);
  }

  /** There is no room for a watch: it was never there, or ends. */
  refused({ id, excess }: WatchRefusedMessage): void {
    const watch = this.#pending.get(id);
    const stream = this.#standing.get(id);
    this.#pending.delete(id);
    this.#standing.delete(id);
    const path = watch?.request.path ?? stream?.spec(id).path ?? null;
    const error = watchRefusal(excess, path);
    watch?.reject(error);
    stream?.end(error);
  }

  events(message: EventsMessage): void {
    for (const id of message.ids) {
      const stream = this.#standing.get(id);
      if (stream !== undefined && !stream.events(message.events)) this.#pause(id, stream);
    }
  }

  page(message: SnapshotMessage): void {
    const stream = this.#standing.get(message.id);
    if (stream !== undefined && !stream.page(message)) this.#pause(message.id, stream);
  }

  bookmark(message: BookmarkMessage): void {
    const stream = this.#standing.get(message.id);
    if (stream !== undefined && !stream.bookmark(message.token)) this.#pause(message.id, stream);
  }

  resume(stream: WatchStream): void {
    if (!this.#paused.delete(stream)) return;
    const { id } = this.#stand(stream);
    if (this.#live) this.#goOn(id);
    else this.#unsaid.push(id);
  }

  close(stream: WatchStream): void {
    this.#paused.delete(stream);
    for (const [id, standing] of this.#standing) {
      if (standing !== stream) continue;
      this.#standing.delete(id);
      this.#transmit({ type: "unwatch", id });
      return;
    }
  }

  /** Ends everything. Streams end without an error when there is none. */
  end(pendingError: () => Error, streamError: Error | undefined): void {
    const pending = [...this.#pending.values()];
    const streams = [...this.#standing.values(), ...this.#paused];
    this.#pending.clear();
    this.#standing.clear();
    this.#paused.clear();
    for (const watch of pending) watch.reject(pendingError());
    for (const stream of streams) stream.end(streamError);
  }

  #stand(stream: WatchStream): WatchSpec {
    const id = this.#nextId();
    this.#standing.set(id, stream);
    return stream.spec(id);
  }

  /** One that stood before goes on: no budget has a say in that. */
  #goOn(id: number): void {
    const stream = this.#standing.get(id);
    if (stream === undefined) return;
    this.#transmit({ type: "unwatch", id });
    this.#transmit({ type: "watch", after: 0, watch: stream.spec(id) });
  }

  #pause(id: number, stream: WatchStream): void {
    this.#standing.delete(id);
    this.#paused.add(stream);
    this.#transmit({ type: "unwatch", id });
  }

  #send(id: number, watch: PendingWatch, after: number): void {
    const { path, kind, from, wants } = watch.request;
    this.#transmit({ type: "watch", after, watch: { id, path, kind, from, wants } });
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

function lengthOf({ path, wants }: WatchSpec): number {
  return plainLength + path.length + (wants?.names?.length ?? 0);
}
