import type { Clock, Timer } from "@flotilla/runtime";

/** What a vigil asks and tells. */
export interface VigilHandler {
  /** Ask the server at hand for a sign of life. */
  ping(): void;
  /** Grows as bytes come in, also while a message is not whole yet. */
  receivedBytes(): number;
  /** Whether the server at hand owes an answer to anything. */
  isAwaited(): boolean;
  /** Milliseconds that a renewal has waited for its acknowledgement; 0 when none waits. */
  unansweredMs(): number;
  /** Whether much was sent to the server at hand and nothing of it answered yet: a slow link may not have taken it in. */
  isSendingMuch(): boolean;
  /** The server at hand is silent, or nothing gets through it. */
  silent(why: string): void;
}

/** Longest patience, ms. */
const maxPatienceMs = 10_000;
const mostDoublings = 10;

/**
 * Watches over one channel at a time. A server is given up after a fifth of the TTL of silence, which parts of a large
 * message break as well; judged behind a poll phase, so that a stall of one's own is never taken for silence of the other
 * side. Where nothing is awaited there is no silence: renewals ask often enough. What is sent over a slow link keeps the
 * answers away, so the patience is doubled with whoever follows one that was given up in the midst of much.
 */
export class Vigil {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #handler: VigilHandler;
  #timer: Timer | undefined;
  /** Grows when the channel changes: what was deferred for an earlier one is void. */
  #round = 0;
  #heardMs = 0;
  #heard = false;
  #receivedBytes = 0;
  /** Part of a message came in, and none as a whole. */
  #isAmidst = false;
  #asked = false;
  /** How often in a row an attach was not answered. */
  #unanswered = 0;
  /** How often in a row a server was given up in the midst of much. */
  #interrupted = 0;

  constructor(clock: Clock, ttlMs: number, handler: VigilHandler) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#handler = handler;
  }

  /** An attach was sent. Each one that stays unanswered doubles the patience with the next. */
  attaching(): void {
    const round = this.#begin();
    this.#after(this.#patienceMs(this.#unanswered), round, () => {
      this.#unanswered = Math.min(this.#unanswered + 1, mostDoublings);
      this.#handler.silent("the attach was not answered");
    });
  }

  /** The server took the session. */
  attached(): void {
    const round = this.#begin();
    this.#unanswered = 0;
    this.#heardMs = this.#clock.now();
    this.#heard = true;
    this.#receivedBytes = this.#handler.receivedBytes();
    this.#isAmidst = false;
    this.#asked = false;
    this.#pulse(round);
  }

  /** Something arrived. */
  heard(): void {
    this.#heardMs = this.#clock.now();
    this.#heard = true;
    this.#asked = false;
  }

  /** No channel to watch over. */
  end(): void {
    this.#begin();
  }

  #begin(): number {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#round += 1;
    return this.#round;
  }

  #after(delayMs: number, round: number, fn: () => void): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#clock.defer(() => {
        if (round === this.#round) fn();
      });
    });
  }

  #pulse(round: number): void {
    this.#after(this.#ttlMs / 10, round, () => {
      const wasAmidst = this.#isAmidst;
      // What else it says comes behind that, and is too late behind what takes longer than the TTL.
      this.#isAmidst = this.#receivesMore() && !this.#heard && this.#handler.unansweredMs() < this.#ttlMs;
      if (this.#isAmidst) this.heard();
      else if (!wasAmidst) this.#judge();
      if (round !== this.#round) return;
      if (!this.#heard && this.#handler.isAwaited()) {
        this.#asked = true;
        this.#handler.ping();
      }
      this.#heard = false;
      this.#pulse(round);
    });
  }

  #receivesMore(): boolean {
    const before = this.#receivedBytes;
    this.#receivedBytes = this.#handler.receivedBytes();
    return this.#receivedBytes > before;
  }

  #judge(): void {
    if (!this.#handler.isSendingMuch()) this.#interrupted = 0;
    const patienceMs = this.#patienceMs(this.#interrupted);
    if (this.#asked && this.#clock.now() - this.#heardMs >= patienceMs) this.#giveUp("the server is silent");
    else if (this.#handler.unansweredMs() >= patienceMs) this.#giveUp("no renewal gets through");
  }

  #patienceMs(doublings: number): number {
    const leastMs = this.#ttlMs / 5;
    return Math.min(leastMs * 2 ** doublings, Math.max(maxPatienceMs, leastMs));
  }

  #giveUp(why: string): void {
    if (this.#handler.isSendingMuch()) this.#interrupted = Math.min(this.#interrupted + 1, mostDoublings);
    this.#handler.silent(why);
  }
}
