import type { Identity, KvCommand, Operation, SessionId } from "@flotilla/kv";
import { encodeCommand, limits } from "@flotilla/kv";
import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { RequestMessage } from "../wire/messages.ts";
import type { RaftPort } from "./raft-port.ts";

const firstPauseMs = 10;
const longestPauseMs = 200;

/** What makes room for others. */
const freeing: ReadonlySet<Operation["type"]> = new Set(["delete", "revoke", "close"]);

/** Whose writes they are, and where they go. */
export interface RequestLaneOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "status">;
  readonly session: SessionId;
  readonly attach: number;
  /** Who the client was found to be. */
  readonly identities?: readonly Identity[];
  /** Last request of the session that is applied here. */
  readonly lastSeq: () => number;
  /** The feature level that the cluster has agreed on. */
  readonly featureLevel: () => number;
  readonly sendResult: (seq: number, result: Uint8Array) => void;
  readonly sendResend: (from: number) => void;
  /** The client broke the protocol. */
  readonly refuse: (error: FlotillaError) => void;
  readonly probe: (name: string) => void;
}

/**
 * The writes of one attach. Proposes them in seq order, each once; when one was dropped it lets nothing more through
 * until everything in flight is settled, then asks the client to send again from what is missing. Raft never retries.
 */
export class RequestLane {
  readonly #options: RequestLaneOptions;
  /** Sent by the client on this channel and not answered, with the size of the command. */
  readonly #unanswered = new Map<number, number>();
  #bytes = 0;
  /** The next request to let through. */
  #next: number;
  #inFlight = 0;
  #broken = false;
  /** The client was told to send again, and what it sent before that may still arrive. */
  #expectsStale = false;
  #pauseMs = firstPauseMs;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RequestLaneOptions) {
    this.#options = options;
    this.#next = options.lastSeq() + 1;
  }

  /** A write from the client. What is in flight already, or comes out of turn after a drop, is left out. */
  accept(message: RequestMessage): void {
    // One whose fate was unknown may be applied after the client was told to send it again: it never will then.
    this.#next = Math.max(this.#next, this.#options.lastSeq() + 1);
    if (this.#broken || message.seq < this.#next) return;
    if (message.seq > this.#next) {
      if (!this.#expectsStale) this.#break();
      return;
    }
    this.#expectsStale = false;
    const { seq } = message;
    const command = this.#encode(message);
    if (!this.#admit(seq, command.length)) return;
    // With others before it that may be refused it could not be applied.
    const isReserved = this.#inFlight === 0 && freeing.has(message.operation.type);
    this.#next += 1;
    this.#inFlight += 1;
    this.#options.raft.propose(command, { isReserved }).then(this.#settled, this.#rejected);
  }

  /** The result of a write, in the turn of its apply. */
  answered(seq: number, result: Uint8Array): void {
    if (!this.forget(seq)) return;
    this.#pauseMs = firstPauseMs;
    this.#options.sendResult(seq, result);
  }

  /** The client has the result already. False when it was not waited for. */
  forget(seq: number): boolean {
    const size = this.#unanswered.get(seq);
    if (size === undefined) return false;
    this.#bytes -= size;
    return this.#unanswered.delete(seq);
  }

  /** A write was refused because an earlier one is missing. */
  missing(): void {
    this.#break();
  }

  /** Somebody may lead again. */
  leaderChanged(): void {
    if (this.#broken) this.#resume();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #encode({ seq, ack, operation }: RequestMessage): Uint8Array {
    const { session, attach, featureLevel, identities = [] } = this.#options;
    const type = "request";
    // Two literals: what is spread and then added to costs a microsecond of V8's slow path.
    const command: KvCommand =
      identities.length === 0
        ? { type, session, attach, seq, ack, operation }
        : { type, session, attach, seq, ack, operation, identities };
    return encodeCommand(command, featureLevel());
  }

  #admit(seq: number, size: number): boolean {
    const known = this.#unanswered.get(seq);
    // Twice the client's own bound, because the two do not count the same bytes.
    const isFull =
      this.#unanswered.size >= limits.windowRequests || this.#bytes + size > 2 * limits.windowBytes;
    if (known === undefined && isFull) {
      this.#options.refuse(
        new FlotillaError("ERR_FLOTILLA_LIMIT", "the client sent more than its request window"),
      );
      return false;
    }
    this.#unanswered.set(seq, size);
    this.#bytes += size - (known ?? 0);
    return true;
  }

  readonly #settled = (): void => {
    this.#inFlight -= 1;
    if (this.#broken) this.#resume();
  };

  readonly #rejected = (error: unknown): void => {
    this.#inFlight -= 1;
    if (this.#stopped) return;
    if (FlotillaError.is(error, "ERR_FLOTILLA_TOO_LARGE")) this.#options.refuse(error);
    else if (this.#broken) this.#resume();
    else this.#break();
  };

  #break(): void {
    if (this.#stopped || this.#broken) return;
    this.#options.probe("request-dropped");
    this.#broken = true;
    this.#timer ??= this.#options.clock.setTimer(this.#pauseMs, () => {
      this.#timer = undefined;
      this.#resume();
    });
  }

  /** Paced: at most once in a pause, only when nothing is in flight and somebody leads. */
  #resume(): void {
    if (this.#stopped || !this.#broken || this.#timer !== undefined || this.#inFlight > 0) return;
    if (this.#options.raft.status().leader === null) return;
    this.#broken = false;
    this.#expectsStale = true;
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    this.#next = this.#options.lastSeq() + 1;
    this.#options.sendResend(this.#next);
  }
}
