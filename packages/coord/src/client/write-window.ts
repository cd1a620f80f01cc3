import type { Operation, Result } from "@flotilla/kv";
import { limits } from "@flotilla/kv";
import { FlotillaError, invariant } from "@flotilla/runtime";
import type { RequestMessage } from "../wire/messages.ts";
import type { CallLimits } from "./call.ts";
import { Wait } from "./call.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Success } from "./results.ts";
import { refusal } from "./results.ts";

/** What takes long over a slow link, bytes. */
const muchBytes = 64 * 1024;

/** A write as it is called. */
export interface WriteCall {
  readonly operation: Operation;
  /** What it counts in the window. */
  readonly bytes: number;
  /** Names it in errors, together with the path unless that is null. */
  readonly verb: string;
  readonly path: string | null;
  /** Called once, right before its first send. */
  readonly onFirstSend?: () => void;
}

/** A write from its call to its result. */
export class PendingWrite extends Wait<Success> {
  /** 0 until it was sent. */
  seq = 0;
  readonly operation: Operation;
  readonly bytes: number;
  /** Kept when it came before that of an earlier write. */
  result: Result | undefined = undefined;
  readonly #verb: string;
  readonly #path: string | null;
  readonly #onFirstSend: (() => void) | undefined;
  readonly #onGiveUp: (write: PendingWrite) => boolean;

  /** @param onGiveUp the caller stops waiting; says whether the outcome is unknown */
  constructor(
    { operation, bytes, verb, path, onFirstSend }: WriteCall,
    deadlines: Deadlines,
    limits: CallLimits,
    onGiveUp: (write: PendingWrite) => boolean,
  ) {
    super(deadlines, limits);
    this.operation = operation;
    this.bytes = bytes;
    this.#verb = verb;
    this.#path = path;
    this.#onFirstSend = onFirstSend;
    this.#onGiveUp = onGiveUp;
  }

  get what(): string {
    return this.#path === null ? this.#verb : `${this.#verb} ${this.#path}`;
  }

  protected giveUp(): boolean {
    return this.#onGiveUp(this);
  }

  /** Has its place in line, and is sent next. */
  number(seq: number): void {
    this.seq = seq;
    this.#onFirstSend?.();
  }

  /** Tells the caller the result, once it is known. */
  tell(): void {
    if (this.result === undefined || this.settled) return;
    if (this.result.ok) this.resolve(this.result);
    else this.reject(refusal(this.result, this.#verb, this.#path));
  }
}

/**
 * A session's unanswered writes. Numbers are given at the first send, contiguous from 1; what has a
 * number stays until its result is known, whoever still waits for it. Results are told in order.
 * A server takes no more than the window holds: what was not admitted waits for its first result.
 */
export class WriteWindow {
  /** Those with a number, oldest first, without a hole. */
  readonly #numbered: PendingWrite[] = [];
  readonly #unsent = new Set<PendingWrite>();
  /** Issued while there were too many with a number, oldest first. */
  readonly #held = new Set<PendingWrite>();
  readonly #transmit: (message: RequestMessage) => void;
  #bytes = 0;
  #lastSeq = 0;
  #ack = 0;
  /** Last number sent on this channel. */
  #cursor = 0;
  /** What was known by then. */
  #ackAtStart = 0;

  constructor(transmit: (message: RequestMessage) => void) {
    this.#transmit = transmit;
  }

  /** Number of the last write that was issued; 0 for none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The result of every write is known. */
  get isEmpty(): boolean {
    return this.#numbered.length === 0 && this.#unsent.size === 0 && this.#held.size === 0;
  }

  /** Much was sent on this channel, and nothing of it is answered. */
  get isSendingMuch(): boolean {
    return this.#ack === this.#ackAtStart && this.#bytes > muchBytes;
  }

  /**
   * Makes room for one more.
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`; nothing has changed then
   */
  admit(bytes: number): void {
    const requests = this.#numbered.length + this.#unsent.size + this.#held.size;
    if (requests < limits.windowRequests && this.#bytes + bytes <= limits.windowBytes) return;
    throw new FlotillaError("ERR_FLOTILLA_OVERLOADED", "the request window of the session is full", {
      details: { requests, bytes: this.#bytes },
    });
  }

  /** Takes a write in; it waits for `issue`. */
  add(write: PendingWrite): void {
    this.#unsent.add(write);
    this.#bytes += write.bytes;
  }

  /** Its caller gave up. True when it was sent: then it stays, and its outcome is unknown. */
  giveUp(write: PendingWrite): boolean {
    if (!this.#unsent.delete(write) && !this.#held.delete(write)) return true;
    this.#bytes -= write.bytes;
    return false;
  }

  /** Numbers a write and sends it, behind earlier ones that have to be sent again. */
  issue(write: PendingWrite): void {
    if (this.#unsent.delete(write)) this.#issue(write);
  }

  /** Takes a write in, numbers it and sends it, behind earlier ones that have to be sent again. */
  issueNew(write: PendingWrite): void {
    this.#bytes += write.bytes;
    this.#issue(write);
  }

  /** On a new channel, to a server that has applied everything up to this number. */
  restart(lastApplied: number): void {
    this.#ackAtStart = this.#ack;
    this.#cursor = lastApplied;
    this.flush();
  }

  /** The next `flush` starts with this number. */
  rewind(from: number): void {
    this.#cursor = Math.min(this.#cursor, from - 1);
  }

  /** Sends everything numbered that was not sent on this channel, in order. */
  flush(): void {
    for (let at = Math.max(0, this.#cursor - this.#ack); at < this.#numbered.length; at += 1) {
      const write = this.#numbered[at];
      if (write === undefined) return;
      const { seq, operation } = write;
      this.#cursor = seq;
      this.#transmit({ type: "request", seq, ack: this.#ack, operation });
    }
  }

  /** Whether a server that has applied up to this number can be right. */
  isPossible(lastApplied: number): boolean {
    return lastApplied >= this.#ack && lastApplied <= this.#lastSeq;
  }

  /** The result of one write. Tells all that are known without a hole. Repeats change nothing. */
  answer(seq: number, result: Result): void {
    const write = this.#numbered[seq - this.#ack - 1];
    if (write === undefined) return;
    invariant(write.seq === seq, "WindowContiguous", { seq, found: write.seq });
    write.result = result;
    for (let first = this.#numbered[0]; first?.result !== undefined; first = this.#numbered[0]) {
      this.#numbered.shift();
      this.#ack = first.seq;
      this.#bytes -= first.bytes;
      first.tell();
    }
    for (const held of this.#held) {
      if (this.#isFull) return;
      this.#held.delete(held);
      this.#number(held);
    }
  }

  /** Ends every wait; the error depends on whether the outcome is unknown. */
  fail(error: (ambiguous: boolean) => Error): void {
    for (const write of this.#numbered.splice(0)) {
      if (write.result === undefined) write.reject(error(true));
      else write.tell();
    }
    for (const write of [...this.#unsent, ...this.#held]) write.reject(error(false));
    this.#unsent.clear();
    this.#held.clear();
    this.#bytes = 0;
  }

  get #isFull(): boolean {
    return this.#numbered.length >= limits.windowRequests;
  }

  #issue(write: PendingWrite): void {
    if (this.#isFull) this.#held.add(write);
    else this.#number(write);
  }

  #number(write: PendingWrite): void {
    this.#lastSeq += 1;
    write.number(this.#lastSeq);
    this.#numbered.push(write);
    this.flush();
  }
}
