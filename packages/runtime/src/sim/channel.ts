import { crc32 } from "node:zlib";
import { cutReason } from "../channel-reason.ts";
import { closeTimeoutMs } from "../close-timeout.ts";
import { invariant } from "../errors.ts";
import type { Channel, ChannelEnd, ChannelHandler } from "../network.ts";
import { copyOf } from "./copy-of.ts";
import type { Life } from "./life.ts";
import type { MessageFaults } from "./link.ts";
import type { Pipe } from "./pipe.ts";
import type { Scheduler } from "./scheduler.ts";

/** The hello exchange of a peer link; message faults begin behind it. */
const spareFrames = 4;

/** What a side of a channel needs of its surroundings. */
export interface SideContext {
  readonly scheduler: Scheduler;
  readonly life: Life;
  /** Carries what this side sends. */
  readonly out: Pipe;
  readonly protocol: string;
  readonly remoteAddress: string;
  /** Of frames received. */
  readonly maxFrameBytes: number;
  /** False while the machine of this side has no power. */
  readonly isPowered: () => boolean;
  /** At the very moment of `send`. */
  readonly onSend: (frame: Uint8Array) => void;
  /** Once, when this side has ended. */
  readonly onEnd: () => void;
  /** Once, when its handler heard so. */
  readonly onHeard: () => void;
}

/** One side of a simulated channel. */
export class ChannelSide implements Channel {
  readonly life: Life;
  readonly out: Pipe;
  readonly protocol: string;
  readonly remoteAddress: string;
  /** Hears instead of a handler while the dial is still under way. */
  unborn: (() => void) | undefined;
  readonly #context: SideContext;
  readonly #isPeer: boolean;
  #remote: ChannelSide | undefined;
  #handler: ChannelHandler | undefined;
  readonly #early: (() => void)[] = [];
  #open = true;
  #sent = 0;

  constructor(context: SideContext) {
    this.#context = context;
    this.life = context.life;
    this.out = context.out;
    this.protocol = context.protocol;
    this.remoteAddress = context.remoteAddress;
    this.#isPeer = context.protocol.startsWith("flotilla-peer");
  }

  /** Joins two sides. */
  static join(a: ChannelSide, b: ChannelSide): void {
    a.#remote = b;
    b.#remote = a;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get bufferedBytes(): number {
    return this.#open ? this.out.bufferedBytes : 0;
  }

  get receivedBytes(): number {
    return this.#remote?.out.arrivedBytes ?? 0;
  }

  get hasHandler(): boolean {
    return this.#handler !== undefined;
  }

  handle(handler: ChannelHandler): void {
    invariant(this.#handler === undefined, "ChannelHandledOnce");
    this.#handler = handler;
    if (this.#early.length > 0)
      this.life.deliverSoon("early", this.remoteAddress, 0, () => this.#flushEarly());
  }

  send(frame: Uint8Array): void {
    if (!this.#openAndAlive()) return;
    const checksum = crc32(frame);
    this.#context.scheduler.hash.word(checksum);
    this.#context.onSend(frame);
    if (!this.#openAndAlive()) return;
    this.#sent += 1;
    if (this.#isPeer && this.#sent > spareFrames && this.#misplace(frame, checksum, this.out.link.peers))
      return;
    this.out.push("message", frame.length, () => this.#remote?.receive(frame, checksum));
  }

  close(reason = ""): void {
    if (!this.#openAndAlive()) return;
    const text = cutReason(reason);
    if (this.out.bufferedBytes > 0) this.#giveUpLater();
    this.#sendEnd({ cause: "closed", remote: true, reason: text });
    this.#endLater({ cause: "closed", remote: false, reason: text });
  }

  /** Takes a frame that reached the machine. */
  receive(frame: Uint8Array, checksum: number): void {
    if (!this.life.alive) {
      this.#answerReset();
      return;
    }
    this.life.deliver("message", this.remoteAddress, frame.length, () => {
      this.#remote?.out.consumed(frame.length);
      if (crc32(frame) !== checksum)
        invariant(false, "FrameUnchangedAfterSend", { from: this.remoteAddress });
      if (this.#mustWait) this.#early.push(() => this.#take(frame));
      else this.#take(frame);
    });
  }

  /** Takes the end of the channel, as news from the other machine or from the network. */
  receiveEnd(end: ChannelEnd): void {
    this.life.deliver("end", this.remoteAddress, 0, () => {
      if (!this.#open) return;
      if (this.unborn !== undefined) {
        this.#finish();
        this.unborn();
        return;
      }
      this.#hear(() => {
        if (!this.#open) return;
        this.#finish();
        this.#tell(end);
      });
    });
  }

  /** Tells the other side that this one is gone, as the system of a dead process does. */
  sendGone(cause: "closed" | "reset"): void {
    this.#sendEnd({ cause, remote: true, reason: "" });
  }

  /** Ends without a word, because the life did. */
  abandon(): void {
    this.#open = false;
  }

  #openAndAlive(): boolean {
    return this.#open && this.life.alive;
  }

  #take(frame: Uint8Array): void {
    if (!this.#open) return;
    if (frame.length > this.#context.maxFrameBytes) {
      this.#sendEnd({ cause: "oversized", remote: true, reason: "" });
      this.#endLater({ cause: "oversized", remote: false, reason: "" });
      return;
    }
    this.#handler?.message(copyOf(frame));
  }

  /** Runs now, or behind what waits for a handler. */
  #hear(act: () => void): void {
    if (this.#mustWait) this.#early.push(act);
    else act();
  }

  /** Nobody hears yet, or something that came before waits to be heard. */
  get #mustWait(): boolean {
    return this.#handler === undefined || this.#early.length > 0;
  }

  #flushEarly(): void {
    this.#early[0]?.();
    this.#early.shift();
    if (this.#early.length > 0)
      this.life.deliverSoon("early", this.remoteAddress, 0, () => this.#flushEarly());
  }

  #sendEnd(end: ChannelEnd): void {
    const remote = this.#remote;
    this.out.push("close", 0, () => remote?.receiveEnd(end));
  }

  /** What the systems did not take in time never leaves, nor why it ended: the connection is closed without a word. */
  #giveUpLater(): void {
    const { scheduler } = this.#context;
    const atUs = scheduler.nowUs + closeTimeoutMs * 1_000;
    scheduler.schedule(atUs, "close.timeout", this.life.node, this.remoteAddress, 0, () => {
      if (this.out.dropUnsent()) this.sendGone("closed");
    });
  }

  #endLater(end: ChannelEnd): void {
    this.#finish();
    this.life.deliverSoon("end", this.remoteAddress, 0, () => this.#hear(() => this.#tell(end)));
  }

  #tell(end: ChannelEnd): void {
    this.#handler?.end(end);
    this.#context.onHeard();
  }

  #finish(): void {
    this.#open = false;
    this.#context.onEnd();
  }

  #answerReset(): void {
    if (this.#context.isPowered() && this.out.length === 0) this.sendGone("reset");
  }

  /** Applies the single-message faults. True when the frame must not go the ordinary way. */
  #misplace(frame: Uint8Array, checksum: number, faults: MessageFaults): boolean {
    const { link } = this.out;
    if (faults.drop + faults.repeat + faults.reorder === 0) return false;
    if (link.random.chance(faults.drop)) return true;
    if (link.random.chance(faults.repeat)) this.#sendAstray(frame, checksum);
    if (!link.random.chance(faults.reorder)) return false;
    this.#sendAstray(frame, checksum);
    return true;
  }

  #sendAstray(frame: Uint8Array, checksum: number): void {
    const { link } = this.out;
    const atUs = this.#context.scheduler.nowUs + link.delayUs() + link.delayUs() + link.delayUs();
    this.#context.scheduler.schedule(atUs, "message", link.to, link.from, frame.length, () => {
      if (!link.isCut && !this.out.isBlackhole) this.#remote?.receive(frame, checksum);
    });
  }
}
