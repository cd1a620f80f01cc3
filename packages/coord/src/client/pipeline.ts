import type { Operation, Result, WatchKind } from "@flotilla/kv";
import { decodeResult } from "@flotilla/kv";
import type { Clock } from "@flotilla/runtime";
import type {
  Answer,
  ClientMessage,
  Query,
  ResumeToken,
  ServerMessage,
  WatchSpec,
} from "../wire/messages.ts";
import type { CallLimits } from "./call.ts";
import { Wait } from "./call.ts";
import { requestBytes } from "./operations.ts";
import type { PendingRead } from "./read-table.ts";
import { ReadTable } from "./read-table.ts";
import { WatchStream } from "./watch-stream.ts";
import { WatchTable } from "./watch-table.ts";
import type { PendingWrite } from "./write-window.ts";
import { WriteWindow } from "./write-window.ts";

/** How a pipeline ends: errors for what waits, and for streams unless they end in order. */
export interface PipelineEnd {
  readonly error: (ambiguous: boolean) => Error;
  readonly streamError: Error | undefined;
}

/**
 * Everything a session has asked and not yet been answered, in the order it was asked. Knows no channel:
 * it is told when it may send, and sends again what a new server has not got.
 */
export class Pipeline {
  readonly #clock: Clock;
  readonly #writes: WriteWindow;
  readonly #reads: ReadTable;
  readonly #watches: WatchTable;
  /** What waits for its first send, oldest first. */
  readonly #unsent = new Set<() => void>();
  #live = false;
  /** Earlier writes are sent again at the end of the turn, or before the next new one. */
  #resending = false;

  /** @param transmit sends one message on the present channel; never called while there is none */
  constructor(clock: Clock, transmit: (message: ClientMessage) => void) {
    this.#clock = clock;
    const send = (message: ClientMessage): void => {
      if (this.#live) transmit(message);
    };
    this.#writes = new WriteWindow(send);
    this.#reads = new ReadTable(send);
    this.#watches = new WatchTable(send);
  }

  /** Number of the last write that was sent. */
  get lastSeq(): number {
    return this.#writes.lastSeq;
  }

  /**
   * Sends a write as soon as there is a channel.
   * @param reserved also when the window is full
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`
   */
  write(operation: Operation, limits: CallLimits, what: string, reserved: boolean): Promise<Result> {
    const bytes = requestBytes(operation);
    if (!reserved) this.#writes.admit(bytes);
    const wait: Wait<Result> = new Wait<Result>(this.#clock, limits, what, () => {
      this.#unsent.delete(issue);
      return this.#writes.giveUp(write);
    });
    const write: PendingWrite = { seq: 0, operation, bytes, wait, result: undefined };
    const issue = (): void => this.#writes.issue(write);
    this.#writes.add(write);
    this.#submit(issue);
    return wait.promise;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_OVERLOADED` */
  read(query: Query, linearizable: boolean, limits: CallLimits, what: string): Promise<Answer> {
    const id = this.#reads.admit();
    const wait: Wait<Answer> = new Wait<Answer>(this.#clock, limits, what, () => {
      this.#unsent.delete(issue);
      this.#reads.giveUp(id);
      return false;
    });
    const read: PendingRead = { id, linearizable, query, wait, after: undefined };
    const issue = (): void => this.#reads.issue(read, this.#writes.lastSeq);
    this.#reads.add(read);
    this.#submit(issue);
    return wait.promise;
  }

  /**
   * Resolves once it stands.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT`
   */
  watch(path: string, kind: WatchKind, from: ResumeToken | null, limits: CallLimits): Promise<WatchStream> {
    const id = this.#watches.admit();
    const wait: Wait<WatchStream> = new Wait<WatchStream>(this.#clock, limits, `watch ${path}`, () => {
      this.#unsent.delete(issue);
      this.#watches.giveUp(id);
      return false;
    });
    const armed = (token: ResumeToken): WatchStream => {
      const stream = new WatchStream(this.#watches, path, kind, token, limits.signal);
      wait.resolve(stream);
      return stream;
    };
    const issue = (): void => this.#watches.issue(id, this.#writes.lastSeq);
    this.#watches.add(id, {
      path,
      kind,
      from,
      after: undefined,
      armed,
      failed: (error) => wait.reject(error),
    });
    this.#submit(issue);
    return wait.promise;
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
    this.#writes.restart(lastApplied);
    this.#reads.sendAgain();
    this.#watches.sendAgain();
    for (const issue of this.#unsent) issue();
    this.#unsent.clear();
  }

  /** The channel is gone. */
  interrupted(): void {
    this.#live = false;
    this.#watches.interrupted();
  }

  /**
   * Takes in what the server tells about requests, reads and watches.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
   */
  take(message: ServerMessage): void {
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
      case "events":
        this.#watches.events(message);
        return;
      case "snapshot":
        this.#watches.page(message);
        return;
      default:
    }
  }

  /** Ends the watches in order, for a session that is closing. */
  endWatches(error: () => Error): void {
    this.#watches.end(error, undefined);
  }

  /** Ends everything that waits. */
  fail(end: PipelineEnd): void {
    this.#live = false;
    this.#unsent.clear();
    this.#writes.fail(end.error);
    this.#reads.fail(() => end.error(false));
    this.#watches.end(() => end.error(false), end.streamError);
  }

  #submit(issue: () => void): void {
    if (this.#live) issue();
    else this.#unsent.add(issue);
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
