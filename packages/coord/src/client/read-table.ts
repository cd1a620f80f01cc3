import { FlotillaError } from "@flotilla/runtime";
import type { Answer, Query, ReadMessage } from "../wire/messages.ts";
import type { Wait } from "./call.ts";

/** Reads of one session that may wait at a time. */
const maxReads = 10_000;

/** A read from its call to its answer. */
export interface PendingRead {
  readonly id: number;
  readonly linearizable: boolean;
  readonly query: Query;
  readonly wait: Wait<Answer>;
  /** Last write issued before it; known once sent. */
  after: number | undefined;
}

/** A session's unanswered reads, in the order they were called. */
export class ReadTable {
  readonly #reads = new Map<number, PendingRead>();
  readonly #transmit: (message: ReadMessage) => void;
  #lastId = 0;

  constructor(transmit: (message: ReadMessage) => void) {
    this.#transmit = transmit;
  }

  /**
   * Makes room for one more, and names it.
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`
   */
  admit(): number {
    if (this.#reads.size >= maxReads) {
      throw new FlotillaError("ERR_FLOTILLA_OVERLOADED", "too many reads of the session are unanswered", {
        details: { reads: this.#reads.size },
      });
    }
    this.#lastId += 1;
    return this.#lastId;
  }

  add(read: PendingRead): void {
    this.#reads.set(read.id, read);
  }

  /** Its caller gave up: an answer would tell nobody. */
  giveUp(id: number): void {
    this.#reads.delete(id);
  }

  /** Sends a read for the first time, behind all writes up to `after`. */
  issue(read: PendingRead, after: number): void {
    if (!this.#reads.has(read.id)) return;
    read.after = after;
    this.#send(read, after);
  }

  /** On a new channel: everything that was sent before, again. */
  sendAgain(): void {
    for (const read of this.#reads.values()) if (read.after !== undefined) this.#send(read, read.after);
  }

  /** Unknown and repeated ids change nothing. */
  answer(id: number, answer: Answer): void {
    const read = this.#reads.get(id);
    if (read === undefined) return;
    this.#reads.delete(id);
    read.wait.resolve(answer);
  }

  fail(error: () => Error): void {
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    for (const read of reads) read.wait.reject(error());
  }

  #send(read: PendingRead, after: number): void {
    const { id, linearizable, query } = read;
    this.#transmit({ type: "read", id, after, linearizable, query });
  }
}
