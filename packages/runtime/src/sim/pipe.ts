import type { SimLink } from "./link.ts";
import type { Scheduler } from "./scheduler.ts";

/** Bytes the two systems hold for one direction before the sender sees them as buffered. */
const socketBufferBytes = 256 * 1024;

interface Parcel {
  readonly kind: string;
  readonly size: number;
  /** When the last of it arrives. */
  readonly readyUs: number;
  /** How long before that its first byte does. */
  readonly passageUs: number;
  readonly run: () => void;
}

/** One direction of a connection: ordered and loss-free while it lasts. */
export class Pipe {
  readonly link: SimLink;
  readonly about: string;
  readonly #scheduler: Scheduler;
  readonly #queue: Parcel[] = [];
  #moving = false;
  #blackhole = false;
  #unreadBytes = 0;
  /** Of parcels that arrived as a whole, and the most that was seen beyond. */
  #wholeBytes = 0;
  #seenBytes = 0;
  /** Grows when the queue is emptied, so that the delivery already planned finds nothing. */
  #generation = 0;

  constructor(scheduler: Scheduler, link: SimLink, about: string) {
    this.#scheduler = scheduler;
    this.link = link;
    this.about = about;
  }

  /** Bytes beyond what the systems hold. */
  get bufferedBytes(): number {
    return Math.max(0, this.#unreadBytes - socketBufferBytes);
  }

  /** True when nothing that is sent ever arrives. */
  get isBlackhole(): boolean {
    return this.#blackhole;
  }

  /** Bytes that reached the other machine, those of the parcel among them that is not there as a whole. */
  get arrivedBytes(): number {
    this.#seenBytes = Math.max(this.#seenBytes, this.#wholeBytes + this.#partBytes());
    return this.#seenBytes;
  }

  /** Parcels under way. */
  get length(): number {
    return this.#queue.length;
  }

  /** Sends something that runs on the other machine, behind everything sent before. */
  push(kind: string, size: number, run: () => void): void {
    this.#unreadBytes += size;
    if (this.#blackhole) return;
    const { link } = this;
    this.#queue.push({ kind, size, readyUs: link.arrivalUs(size), passageUs: link.passageUs(size), run });
    this.#move();
  }

  /** The receiving process took these bytes. */
  consumed(size: number): void {
    this.#unreadBytes = Math.max(0, this.#unreadBytes - size);
  }

  /** From now on everything vanishes, also what is under way. */
  vanish(): void {
    this.#blackhole = true;
    this.keep(0);
  }

  /** Forgets what the two systems do not hold; false when they hold everything. */
  dropUnsent(): boolean {
    let bytes = 0;
    const held = this.#queue.findIndex(({ size }) => {
      bytes += size;
      return bytes > socketBufferBytes;
    });
    if (held < 0) return false;
    this.keep(held);
    return true;
  }

  /** Forgets all but the first `count` parcels under way. */
  keep(count: number): void {
    this.#queue.length = Math.min(count, this.#queue.length);
    if (this.#queue.length === 0) {
      this.#generation += 1;
      this.#moving = false;
    }
  }

  #partBytes(): number {
    const head = this.#queue[0];
    if (head === undefined || head.passageUs === 0 || this.link.isCut) return 0;
    const passed = 1 - (head.readyUs - this.#scheduler.nowUs) / head.passageUs;
    return Math.floor(head.size * Math.min(1, Math.max(0, passed)));
  }

  #move(): void {
    const head = this.#queue[0];
    if (this.#moving || head === undefined) return;
    this.#moving = true;
    const generation = this.#generation;
    this.#scheduler.schedule(head.readyUs, head.kind, this.link.to, this.about, head.size, () => {
      if (generation === this.#generation) this.#arrive();
    });
  }

  #arrive(): void {
    if (this.link.isCut) {
      const generation = this.#generation;
      this.link.whenHealed(() => {
        if (generation === this.#generation) this.#resume();
      });
      return;
    }
    const parcel = this.#queue.shift();
    this.#wholeBytes += parcel?.size ?? 0;
    this.#moving = false;
    this.#move();
    parcel?.run();
  }

  #resume(): void {
    const head = this.#queue[0];
    this.#moving = false;
    if (head === undefined) return;
    this.#queue[0] = { ...head, readyUs: this.#scheduler.nowUs + this.link.delayUs() };
    this.#move();
  }
}
