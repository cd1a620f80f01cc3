import type { ChannelEnd } from "@flotilla/runtime";
import type { Inbox } from "./inbox.ts";
import type { Port, PortHandler } from "./port.ts";

/**
 * One side of a pair within the process: two ports with the same two inboxes, crosswise. Hands messages over as
 * they are, in a later turn, as a channel does.
 */
export class LocalPort<Out, In> implements Port<Out> {
  readonly #inbox: Inbox<In>;
  readonly #outbox: Inbox<Out>;

  constructor(inbox: Inbox<In>, outbox: Inbox<Out>) {
    this.#inbox = inbox;
    this.#outbox = outbox;
  }

  get bufferedBytes(): number {
    return this.#outbox.bytes;
  }

  /** True while both sides are open and have heard everything that the other one sent. */
  get isQuiet(): boolean {
    return this.#inbox.isIdle && this.#outbox.isIdle;
  }

  /** Names who hears what the other side sends, once; until then messages wait. */
  handle(handler: PortHandler<In>): void {
    this.#inbox.handle(handler);
  }

  send(message: Out): void {
    if (this.#inbox.isOpen) this.#outbox.receive(message);
  }

  close(reason: string = ""): void {
    if (!this.#inbox.isOpen) return;
    const end: ChannelEnd = { cause: "closed", remote: false, reason };
    this.#inbox.close(end);
    this.#outbox.receiveEnd({ cause: "closed", remote: true, reason });
  }
}
