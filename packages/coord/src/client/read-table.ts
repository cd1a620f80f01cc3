import { FlotillaError } from "@flotilla/runtime";
import type { Answer, Query, ReadMessage } from "../wire/messages.ts";
import type { CallLimits } from "./call.ts";
import { Wait } from "./call.ts";
import type { Deadlines } from "./deadlines.ts";

/** Reads of one session that may wait at a time. */
const maxReads = 10_000;
/** Reads that may be unanswered on one channel; a server takes about a thousand, watches included. */
const maxInFlight = 400;

/** A read from its call to its answer. */
export class PendingRead extends Wait<Answer> {
  readonly id: number;
  readonly linearizable: boolean;
  readonly query: Query;
  /** Last write issued before it; known once it may be sent. */
  after: number | undefined = undefined;
  readonly #onGiveUp: (read: PendingRead) => void;

  constructor(
    { id, linearizable, query }: Pick<PendingRead, "id" | "linearizable" | "query">,
    deadlines: Deadlines,
    limits: CallLimits,
    onGiveUp: (read: PendingRead) => void,
  ) {
    super(deadlines, limits);
    this.id = id;
    this.linearizable = linearizable;
    this.query = query;
    this.#onGiveUp = onGiveUp;
  }

  get what(): string {
    const { query } = this;
    if (query.type === "past") return `${query.query.type} ${query.query.path} at ${query.revision}`;
    return "path" in query ? `${query.type} ${query.path}` : query.type;
  }

  /** Tells the caller the answer. */
  tell(answer: Answer): void {
    if (this.settled) return;
    if (answer.type === "error") {
      this.reject(new FlotillaError(answer.code, `${this.what}: ${answer.message}`));
    } else if (answer.type === "compacted") {
      const { floor } = answer;
      const message = `${this.what}: the earliest revision that can be read is ${floor}`;
      this.reject(new FlotillaError("ERR_FLOTILLA_COMPACTED", message, { details: { floor } }));
    } else this.resolve(answer);
  }

  protected giveUp(): boolean {
    this.#onGiveUp(this);
    return false;
  }
}

/** A session's unanswered reads. Sent in the order they were called, a bounded number at a time. */
export class ReadTable {
  readonly #reads = new Map<number, PendingRead>();
  readonly #transmit: (message: ReadMessage) => void;
  /** Sent on this channel and unanswered, also when nobody waits any more. */
  readonly #inFlight = new Set<number>();
  /** To be sent on this channel, oldest first. */
  readonly #queue = new Map<number, PendingRead>();
  #lastId = 0;

  constructor(transmit: (message: ReadMessage) => void) {
    this.#transmit = transmit;
  }

  /** No read is unanswered. */
  get isEmpty(): boolean {
    return this.#reads.size === 0;
  }

  /** How many reads are to be sent on this channel. */
  get queued(): number {
    return this.#queue.size;
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
    this.#queue.delete(id);
  }

  /** Sends a read for the first time, to be answered behind all writes up to `after`. */
  issue(read: PendingRead, after: number): void {
    if (!this.#reads.has(read.id)) return;
    read.after = after;
    if (this.#queue.size === 0 && this.#inFlight.size < maxInFlight) this.#send(read);
    else this.#queue.set(read.id, read);
  }

  /** On a new channel: everything that was to be sent before, again. */
  sendAgain(): void {
    this.#inFlight.clear();
    this.#queue.clear();
    for (const [id, read] of this.#reads) if (read.after !== undefined) this.#queue.set(id, read);
    this.#pump();
  }

  /** Unknown and repeated ids change nothing. */
  answer(id: number, answer: Answer): void {
    const read = this.#reads.get(id);
    this.#reads.delete(id);
    this.#queue.delete(id);
    if (this.#inFlight.delete(id)) this.#pump();
    read?.tell(answer);
  }

  fail(error: () => Error): void {
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    this.#queue.clear();
    this.#inFlight.clear();
    for (const read of reads) read.reject(error());
  }

  #pump(): void {
    for (const [id, read] of this.#queue) {
      if (this.#inFlight.size >= maxInFlight) return;
      this.#queue.delete(id);
      this.#send(read);
    }
  }

  #send({ id, linearizable, query, after }: PendingRead): void {
    if (after === undefined) return;
    this.#inFlight.add(id);
    this.#transmit({ type: "read", id, after, linearizable, query });
  }
}
