import type { ChannelEnd } from "@flotilla/runtime";
import type { PortHandler } from "./port.ts";

/** What one side of a pair was sent and has not heard. It hears all of it in the next deferred turn. */
export class Inbox<In> {
  readonly #defer: (fn: () => void) => void;
  readonly #sizeOf: (message: In) => number;
  #handler: PortHandler<In> | undefined;
  #messages: In[] = [];
  #bytes = 0;
  /** Heard after every message. */
  #end: ChannelEnd | undefined;
  #isOpen = true;
  #ended = false;
  #scheduled = false;
  #delivering = false;

  /** @param sizeOf bytes that a message keeps alive, about */
  constructor(defer: (fn: () => void) => void, sizeOf: (message: In) => number) {
    this.#defer = defer;
    this.#sizeOf = sizeOf;
  }

  /** Of the messages not yet heard. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False once this side closed, or heard that the other one did. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Open, with everything heard to its end. */
  get isIdle(): boolean {
    return this.#isOpen && this.#end === undefined && !this.#delivering && this.#messages.length === 0;
  }

  /** Names who hears, once; until then messages wait. */
  handle(handler: PortHandler<In>): void {
    this.#handler ??= handler;
    this.#schedule();
  }

  receive(message: In): void {
    if (!this.#isOpen) return;
    this.#messages.push(message);
    this.#bytes += this.#sizeOf(message);
    this.#schedule();
  }

  /** The other side closed. */
  receiveEnd(end: ChannelEnd): void {
    if (this.#ended) return;
    // Its own close counts more than one of the other side that it has not heard of.
    this.#end ??= end;
    this.#schedule();
  }

  /** This side closed: it hears nothing more but that. */
  close(end: ChannelEnd): void {
    this.#isOpen = false;
    this.#messages = [];
    this.#bytes = 0;
    this.#end = end;
    this.#schedule();
  }

  #schedule(): void {
    const isEmpty = this.#messages.length === 0 && this.#end === undefined;
    if (this.#scheduled || this.#ended || this.#handler === undefined || isEmpty) return;
    this.#scheduled = true;
    this.#defer(this.#deliver);
  }

  /** Delivers what is there now; what a handler provokes waits for the next turn. */
  readonly #deliver = (): void => {
    this.#scheduled = false;
    const messages = this.#messages;
    const end = this.#end;
    this.#messages = [];
    this.#bytes = 0;
    this.#delivering = true;
    let heard = 0;
    try {
      for (const message of messages) {
        if (!this.#isOpen) break;
        heard += 1;
        this.#handler?.message(message);
      }
      if (end !== undefined && end === this.#end) this.#finish(end);
    } finally {
      this.#delivering = false;
      // A handler that throws costs its own message, not those behind it.
      if (this.#isOpen && heard < messages.length) this.#messages.unshift(...messages.slice(heard));
      this.#schedule();
    }
  };

  #finish(end: ChannelEnd): void {
    this.#isOpen = false;
    this.#ended = true;
    this.#handler?.end(end);
  }
}
