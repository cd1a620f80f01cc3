import { cutReason } from "./channel-reason.ts";
import type { Channel, ChannelEnd, ChannelHandler } from "./network.ts";

export interface MemoryChannelOptions {
  readonly protocol: string;
  /** A larger frame ends the channel. Bytes. */
  readonly maxFrameBytes: number;
}

type Item =
  | { readonly type: "frame"; readonly frame: Uint8Array }
  | { readonly type: "end"; readonly end: ChannelEnd };

/** One side. What the other side sends lies in its inbox until the next deferred turn. */
class MemoryChannel implements Channel {
  readonly protocol: string;
  readonly remoteAddress: string = "in-process";
  readonly #defer: (fn: () => void) => void;
  readonly #maxFrameBytes: number;
  #other: MemoryChannel = this;
  #handler: ChannelHandler | undefined;
  #inbox: Item[] = [];
  #inboxBytes = 0;
  #isOpen = true;
  #ended = false;
  #scheduled = false;

  constructor(defer: (fn: () => void) => void, options: MemoryChannelOptions) {
    this.#defer = defer;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.protocol = options.protocol;
  }

  static join(a: MemoryChannel, b: MemoryChannel): void {
    a.#other = b;
    b.#other = a;
  }

  get bufferedBytes(): number {
    const other = this.#other;
    return other.#inboxBytes;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  handle(handler: ChannelHandler): void {
    this.#handler ??= handler;
    this.#schedule();
  }

  send(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    // A copy, because a received frame belongs to its handler while a sender may keep what it sent.
    const other = this.#other;
    other.#receive({ type: "frame", frame: new Uint8Array(frame) });
  }

  close(reason: string = ""): void {
    if (!this.#isOpen) return;
    this.#endBoth({ cause: "closed", remote: false, reason: cutReason(reason) });
  }

  #endBoth(end: ChannelEnd): void {
    this.#isOpen = false;
    this.#inbox = [];
    this.#inboxBytes = 0;
    const other = this.#other;
    this.#receive({ type: "end", end });
    other.#receive({ type: "end", end: { ...end, remote: true } });
  }

  #receive(item: Item): void {
    if (this.#ended || (!this.#isOpen && item.type === "frame")) return;
    this.#inbox.push(item);
    if (item.type === "frame") this.#inboxBytes += item.frame.length;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#handler === undefined || this.#inbox.length === 0) return;
    this.#scheduled = true;
    this.#defer(() => this.#deliver());
  }

  /** Delivers what is there now; what a handler provokes waits for the next turn. */
  #deliver(): void {
    this.#scheduled = false;
    const items = this.#inbox;
    this.#inbox = [];
    for (const item of items) {
      if (item.type === "end") this.#finish(item.end);
      else this.#pass(item.frame);
      if (this.#ended || (item.type === "frame" && !this.#isOpen)) break;
    }
    this.#schedule();
  }

  #pass(frame: Uint8Array): void {
    this.#inboxBytes -= frame.length;
    if (frame.length > this.#maxFrameBytes) this.#endBoth({ cause: "oversized", remote: false, reason: "" });
    else this.#handler?.message(frame);
  }

  #finish(end: ChannelEnd): void {
    if (this.#ended) return;
    this.#isOpen = false;
    this.#ended = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#handler?.end(end);
  }
}

/**
 * Two joined channels within one process: what one sends, the other hears in a later turn of `defer`.
 * They keep the contract of `Channel`, so a client may use one as it uses a connection.
 */
export function memoryChannelPair(
  defer: (fn: () => void) => void,
  options: MemoryChannelOptions,
): readonly [Channel, Channel] {
  const near = new MemoryChannel(defer, options);
  const far = new MemoryChannel(defer, options);
  MemoryChannel.join(near, far);
  return [near, far];
}
