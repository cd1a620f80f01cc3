import type { Operation, Result } from "@flotilla/kv";
import { limits } from "@flotilla/kv";
import { FlotillaError, invariant } from "@flotilla/runtime";
import type { RequestMessage } from "../wire/messages.ts";
import type { Wait } from "./call.ts";

/** A write from its call to its result. Its number is 0 until it was sent. */
export interface PendingWrite {
  seq: number;
  readonly operation: Operation;
  readonly bytes: number;
  readonly wait: Wait<Result>;
  /** Kept when it came before that of an earlier write. */
  result: Result | undefined;
}

/**
 * A session's unanswered writes. Numbers are given at the first send, contiguous from 1; what has a
 * number stays until its result is known, whoever still waits for it. Results are told in order.
 */
export class WriteWindow {
  /** Those with a number, oldest first, without a hole. */
  readonly #numbered: PendingWrite[] = [];
  readonly #unsent = new Set<PendingWrite>();
  readonly #transmit: (message: RequestMessage) => void;
  #bytes = 0;
  #lastSeq = 0;
  #ack = 0;
  /** Last number sent on this channel. */
  #cursor = 0;

  constructor(transmit: (message: RequestMessage) => void) {
    this.#transmit = transmit;
  }

  /** Number of the last write that was issued; 0 for none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Every result up to this number is known. */
  get ack(): number {
    return this.#ack;
  }

  /**
   * Makes room for one more.
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`; nothing has changed then
   */
  admit(bytes: number): void {
    const requests = this.#numbered.length + this.#unsent.size;
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
    if (!this.#unsent.delete(write)) return true;
    this.#bytes -= write.bytes;
    return false;
  }

  /** Numbers a write and sends it, behind earlier ones that have to be sent again. */
  issue(write: PendingWrite): void {
    if (!this.#unsent.delete(write)) return;
    this.#lastSeq += 1;
    write.seq = this.#lastSeq;
    this.#numbered.push(write);
    this.flush();
  }

  /** On a new channel, to a server that has applied everything up to this number. */
  restart(lastApplied: number): void {
    this.#cursor = lastApplied;
    this.flush();
  }

  /** The next `flush` starts with this number. */
  rewind(from: number): void {
    this.#cursor = Math.min(this.#cursor, from - 1);
  }

  /** Sends everything numbered that was not sent on this channel, in order. */
  flush(): void {
    for (const write of this.#numbered.slice(Math.max(0, this.#cursor - this.#ack))) {
      this.#cursor = write.seq;
      this.#transmit({ type: "request", seq: write.seq, ack: this.#ack, operation: write.operation });
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
    let known = 0;
    for (const next of this.#numbered) {
      if (next.result === undefined) break;
      known += 1;
      this.#ack = next.seq;
      this.#bytes -= next.bytes;
    }
    for (const told of this.#numbered.splice(0, known)) {
      if (told.result !== undefined) told.wait.resolve(told.result);
    }
  }

  /** Ends every wait; the error depends on whether the outcome is unknown. */
  fail(error: (ambiguous: boolean) => Error): void {
    for (const write of this.#numbered.splice(0)) {
      if (write.result === undefined) write.wait.reject(error(true));
      else write.wait.resolve(write.result);
    }
    for (const write of this.#unsent) write.wait.reject(error(false));
    this.#unsent.clear();
    this.#bytes = 0;
  }
}
