import { decodeResult } from "@flotilla/kv";
import type { Clock } from "@flotilla/runtime";
import type { Answer, ClientMessage, Query, ServerMessage, WatchSpec } from "../wire/messages.ts";
import type { CallLimits } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import { PendingRead, ReadTable } from "./read-table.ts";
import type { Success } from "./results.ts";
import { PendingWatch, WatchTable } from "./watch-table.ts";
import type { WatchRequest, WatchStream } from "./watch-stream.ts";
import type { WriteCall } from "./write-window.ts";
import { PendingWrite, WriteWindow } from "./write-window.ts";

/** How a pipeline ends: errors for what waits, and for streams unless they end in order. */
export interface PipelineEnd {
  readonly error: (ambiguous: boolean) => Error;
  readonly streamError: Error | undefined;
}

/** No read of a caller has this id. */
const lastOfSurplus = 0;

/**
 * Everything a session has asked and not yet been answered, in the order it was asked. Knows no channel:
 * it is told when it may send, and sends again what a new server has not got.
 */
export class Pipeline {
  readonly deadlines: Deadlines;
  readonly #clock: Clock;
  readonly #transmit: (message: ClientMessage) => void;
  readonly #writes: WriteWindow;
  readonly #reads: ReadTable;
  readonly #watches: WatchTable;
  /** What waits for its first send, oldest first. */
  readonly #unsent = new Map<object, () => void>();
  #live = false;
  /** What answers tell while watches that stood before may not have been told as much yet; null: they have. */
  #early: (() => void)[] | null = null;
  /** Earlier writes are sent again at the end of the turn, or before the next new one. */
  #resending = false;

  /** @param transmit sends one message on the present channel; never called while there is none */
  constructor(clock: Clock, transmit: (message: ClientMessage) => void) {
    this.#clock = clock;
    this.deadlines = new Deadlines(clock);
    const send = (message: ClientMessage): void => {
      if (this.#live) transmit(message);
    };
    this.#transmit = send;
    this.#writes = new WriteWindow(send);
    this.#reads = new ReadTable(send);
    this.#watches = new WatchTable(send);
  }

  /** Number of the last write that was sent. */
  get lastSeq(): number {
    return this.#writes.lastSeq;
  }

  /** Something was asked and not answered. */
  get isWaiting(): boolean {
    return !this.#writes.isEmpty || !this.#reads.isEmpty || this.#watches.isArming;
  }

  /** Much was sent on the present channel, and nothing of it is answered. */
  get isSendingMuch(): boolean {
    return this.#writes.isSendingMuch;
  }

  /** Attached, with the result of every write known. */
  get isSettled(): boolean {
    return this.#live && this.#early === null && this.#writes.isEmpty;
  }

  /**
   * Sends a write as soon as there is a channel.
   * @param reserved also when the window is full
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`
   */
  write(call: WriteCall, limits: CallLimits, reserved: boolean): Promise<Success> {
    if (!reserved) this.#writes.admit(call.bytes);
    const write = new PendingWrite(call, this.deadlines, limits, this.#giveUpWrite);
    if (this.#live) {
      this.#writes.issueNew(write);
    } else {
      this.#writes.add(write);
      this.#unsent.set(write, () => this.#writes.issue(write));
    }
    return write.promise;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_OVERLOADED` */
  read(query: Query, linearizable: boolean, limits: CallLimits): Promise<Answer> {
    const id = this.#reads.admit();
    const read = new PendingRead({ id, linearizable, query }, this.deadlines, limits, this.#giveUpRead);
    this.#reads.add(read);
    if (this.#live) this.#reads.issue(read, this.#writes.lastSeq);
    else this.#unsent.set(read, () => this.#reads.issue(read, this.#writes.lastSeq));
    return read.promise;
  }

  /**
   * Resolves once it stands.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT`, `ERR_FLOTILLA_QUOTA`
   */
  watch(request: WatchRequest, limits: CallLimits): Promise<WatchStream> {
    const watch = new PendingWatch(this.#watches.admit(), request, this.deadlines, limits, () => {
      this.#unsent.delete(watch);
      this.#watches.giveUp(watch.id);
    });
    this.#watches.add(watch);
    if (this.#live) this.#watches.issue(watch.id, this.#writes.lastSeq);
    else this.#unsent.set(watch, () => this.#watches.issue(watch.id, this.#writes.lastSeq));
    return watch.promise;
  }

  /** The watches that stand, for the attach on a new channel. */
  watchSpecs(): WatchSpec[] {
    return this.#watches.specs();
  }

  /** Whether a server that has applied writes up to this number can be right. */
  isPossible(lastApplied: number): boolean {
    return this.#writes.isPossible(lastApplied);
  }

  /** A server that has applied writes up to this number took the session: sends what it has not got, then what is new. */
  attached(lastApplied: number): void {
    this.#live = true;
    this.#resending = false;
    this.#early = null;
    if (this.#watches.sendSurplus()) this.#awaitSurplus();
    this.#writes.restart(lastApplied);
    this.#reads.sendAgain();
    this.#watches.sendAgain();
    for (const issue of this.#unsent.values()) issue();
    this.#unsent.clear();
  }

  /** The channel is gone. */
  interrupted(): void {
    this.#live = false;
    this.#early = null;
    this.#watches.interrupted();
  }

  /**
   * Takes in what the server tells about requests, reads and watches.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
   */
  take(message: ServerMessage): void {
    const isAnswer = message.type === "result" || message.type === "read-result";
    if (isAnswer && this.#early !== null) this.#keepEarly(message, this.#early);
    else this.#tell(message);
  }

  /** Ends the watches, in order unless there is an error: what came before they were told as much is told now. */
  endWatches(error: () => Error, streamError?: Error): void {
    this.#watches.end(error, streamError);
    this.#tellEarly();
  }

  #tell(message: ServerMessage): void {
    switch (message.type) {
      case "result":
        this.#writes.answer(message.seq, decodeResult(message.result));
        return;
      case "resend":
        this.#resend(message.from);
        return;
      case "read-result":
        this.#reads.answer(message.id, message.answer);
        return;
      case "armed":
        this.#watches.armed(message);
        return;
      case "watch-refused":
        this.#watches.refused(message);
        return;
      case "events":
        this.#watches.events(message);
        return;
      case "snapshot":
        this.#watches.page(message);
        return;
      case "bookmark":
        this.#watches.bookmark(message);
        return;
      default:
    }
  }

  /** Ends everything that waits. */
  fail(end: PipelineEnd): void {
    this.#live = false;
    this.endWatches(() => end.error(false), end.streamError);
    this.#unsent.clear();
    this.#writes.fail(end.error);
    this.#reads.fail(() => end.error(false));
    this.deadlines.stop();
  }

  readonly #giveUpWrite = (write: PendingWrite): boolean => {
    this.#unsent.delete(write);
    return this.#writes.giveUp(write);
  };

  readonly #giveUpRead = (read: PendingRead): void => {
    this.#unsent.delete(read);
    this.#reads.giveUp(read.id);
  };

  /** Asks for something behind the watches: its answer comes when they were told all that any answer before it shows. */
  #awaitSurplus(): void {
    this.#early = [];
    const query: Query = { type: "exists", path: "/" };
    this.#transmit({ type: "read", id: lastOfSurplus, after: 0, linearizable: false, query });
  }

  /** What is garbled is refused when it comes: nothing ends for it later. */
  #keepEarly(
    message: Extract<ServerMessage, { type: "result" | "read-result" }>,
    early: (() => void)[],
  ): void {
    if (message.type === "result") {
      const result = decodeResult(message.result);
      early.push(() => this.#writes.answer(message.seq, result));
    } else if (message.id === lastOfSurplus) this.#tellEarly();
    else early.push(() => this.#reads.answer(message.id, message.answer));
  }

  #tellEarly(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const tell of early) tell();
  }

  /** Waits for the end of the turn: a server that drops many requests tells so of each. */
  #resend(from: number): void {
    this.#writes.rewind(from);
    if (this.#resending) return;
    this.#resending = true;
    this.#clock.defer(() => {
      if (!this.#resending || !this.#live) return;
      this.#resending = false;
      this.#writes.flush();
    });
  }
}
