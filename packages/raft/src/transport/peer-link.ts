import { FlotillaError } from "@flotilla/runtime";
import type { Channel, ChannelEnd, ChannelHandler, Clock } from "@flotilla/runtime";
import { decodeFrame, encodeFrame, maxFrameMessages, messageBytes } from "./message-codec.ts";
import type { PeerMessage } from "./message-codec.ts";
import type { LinkKind } from "./peer-identity.ts";

const targetFrameBytes = 1 << 20;

/** What the owner of a link hears. */
export interface LinkOwner {
  message(link: PeerLink, message: PeerMessage): void;
  /** The link is over; called once. `byPeer`: the other side or its dying process ended it. */
  ended(link: PeerLink, byPeer: boolean, reason: string): void;
}

/** One authenticated channel. Messages are queued and leave with `flush`, one frame a turn. */
export class PeerLink implements ChannelHandler {
  readonly kind: LinkKind;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #owner: LinkOwner;
  #queue: PeerMessage[] = [];
  #queuedBytes = 0;
  #ended = false;
  #heardMs: number;
  #partMs = Number.NEGATIVE_INFINITY;
  #receivedBytes = 0;
  #sentMs: number;

  constructor(kind: LinkKind, channel: Channel, clock: Clock, owner: LinkOwner) {
    this.kind = kind;
    this.#channel = channel;
    this.#clock = clock;
    this.#owner = owner;
    this.#heardMs = clock.now();
    this.#sentMs = this.#heardMs;
    this.#hasMore();
  }

  /** When the last frame arrived, or more of one was found to have arrived, monotonic ms. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** When more of a frame that was not whole was last found to have arrived, monotonic ms. */
  get partMs(): number {
    return this.#partMs;
  }

  /** Looks for what has arrived of a frame that is not whole yet: a large one may take long. */
  look(): void {
    if (!this.#hasMore()) return;
    this.#heardMs = this.#clock.now();
    this.#partMs = this.#heardMs;
  }

  /** When the last frame left, monotonic ms. */
  get sentMs(): number {
    return this.#sentMs;
  }

  /** Bytes that left and that the system has not taken. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  /** The same, and about how many wait for `flush`. */
  get waitingBytes(): number {
    return this.#channel.bufferedBytes + this.#queuedBytes;
  }

  queue(message: PeerMessage): void {
    this.#queue.push(message);
    this.#queuedBytes += messageBytes(message);
  }

  /** Sends what was queued: one frame, or several when it is more than about 1 MiB. */
  flush(): void {
    const messages = this.#queue;
    if (messages.length === 0) return;
    this.#queue = [];
    this.#queuedBytes = 0;
    let first = 0;
    let bytes = 0;
    let position = 0;
    for (const message of messages) {
      const size = messageBytes(message);
      const full = bytes + size > targetFrameBytes || position - first === maxFrameMessages;
      if (position > first && full) {
        this.#send(messages.slice(first, position));
        first = position;
        bytes = 0;
      }
      bytes += size;
      position += 1;
    }
    this.#send(first === 0 ? messages : messages.slice(first));
    // Peers need not wait until this node has applied what it learned in the same turn.
    this.#channel.flush?.();
  }

  /** Shows the other side that the link lives. */
  keepAlive(): void {
    this.#send([]);
  }

  /** Ends the link from this side. */
  close(reason: string): void {
    this.#finish(false, reason);
    this.#channel.close(reason);
  }

  message(frame: Uint8Array): void {
    if (this.#ended) return;
    this.#heardMs = this.#clock.now();
    this.#hasMore();
    try {
      for (const message of decodeFrame(frame)) {
        this.#hand(message);
      }
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) throw error;
      this.close(`bad frame: ${error.message}`);
    }
  }

  end(end: ChannelEnd): void {
    this.#finish(end.remote, end.reason === "" ? end.cause : `${end.cause}: ${end.reason}`);
  }

  #hasMore(): boolean {
    const before = this.#receivedBytes;
    this.#receivedBytes = this.#channel.receivedBytes ?? 0;
    return this.#receivedBytes > before;
  }

  // The owner may end the link at any message.
  #hand(message: PeerMessage): void {
    if (!this.#ended) this.#owner.message(this, message);
  }

  #send(messages: readonly PeerMessage[]): void {
    this.#sentMs = this.#clock.now();
    this.#channel.send(encodeFrame(messages));
  }

  #finish(byPeer: boolean, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#owner.ended(this, byPeer, reason);
  }
}
