import type { Channel, Clock, Timer } from "@flotilla/runtime";
import type { ServerMessage } from "../wire/messages.ts";
import { encodeServerMessage } from "../wire/server-codec.ts";

/** Bytes a slow client may have outstanding before the server stops sending it events and answers. */
const highWaterBytes = 1_048_576;
/** Bytes outstanding, or answers held, at which a client that asks without reading is let go. */
const mostBytes = 16_777_216;
const mostHeld = 4_096;
/** More than what a client of ours may have asked for at a time: 400 reads of the largest value. */
const mostHeldBytes = 536_870_912;
const pollMs = 10;
const stepsPerTurn = 16;

/** Events that still have to be told before any answer. */
export interface Backlog {
  readonly isBehind: boolean;
  /** Tells a bounded part of them. */
  advance(): void;
}

/**
 * What leaves on one channel. Answers wait, in order, while the client is slow or has not been told all events up
 * to now: so no answer shows a revision before its event. At most what the client asked for is held.
 */
export class Outlet {
  readonly #channel: Channel;
  readonly #clock: Clock;
  #backlog: Backlog | undefined;
  #held: ServerMessage[] = [];
  #heldBytes = 0;
  #timer: Timer | undefined;
  #scheduled = false;
  #closed = false;

  constructor(channel: Channel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  /** The client is slow: nothing more until it took some. */
  get isBlocked(): boolean {
    return this.#channel.bufferedBytes > highWaterBytes;
  }

  /** Names what goes before answers. */
  follow(backlog: Backlog): void {
    this.#backlog = backlog;
  }

  /** At once, past everything held. */
  send(message: ServerMessage): void {
    if (this.#channel.bufferedBytes > mostBytes) this.close("the client does not read");
    else this.#channel.send(encodeServerMessage(message));
  }

  /** In order of the calls, after every event up to now. */
  answer(message: ServerMessage): void {
    if (this.#held.length === 0 && !this.#isBehind && !this.isBlocked) {
      this.send(message);
      return;
    }
    this.#heldBytes += bytesOf(message);
    if (this.#held.length >= mostHeld || this.#heldBytes > mostHeldBytes) {
      this.close("the client does not read");
      return;
    }
    this.#held.push(message);
    this.wake();
  }

  /** Goes on as soon as the client can take more. */
  wake(): void {
    if (this.#closed || this.#scheduled || this.#timer !== undefined) return;
    if (this.isBlocked) {
      this.#timer = this.#clock.setTimer(pollMs, () => {
        this.#timer = undefined;
        this.#flush();
      });
      return;
    }
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Drops what is held and ends the channel after what was sent. */
  close(reason: string): void {
    this.#closed = true;
    this.#held = [];
    this.#timer?.cancel();
    this.#channel.close(reason);
  }

  get #isBehind(): boolean {
    return this.#backlog?.isBehind ?? false;
  }

  #flush(): void {
    if (this.#closed) return;
    for (let step = 0; step < stepsPerTurn && this.#isBehind && !this.isBlocked; step += 1)
      this.#backlog?.advance();
    let sent = 0;
    while (sent < this.#held.length && !this.#isBehind && !this.isBlocked) {
      const message = this.#held[sent];
      if (message !== undefined) {
        this.#heldBytes -= bytesOf(message);
        this.send(message);
      }
      sent += 1;
    }
    this.#held.splice(0, sent);
    if (this.#held.length > 0 || this.#isBehind) this.wake();
  }
}

/** Bytes of the value or result that an answer keeps alive. */
function bytesOf(message: ServerMessage): number {
  if (message.type === "result") return message.result.length;
  if (message.type !== "read-result" || message.answer.type !== "node") return 0;
  return message.answer.node?.value.length ?? 0;
}
