import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { bounded, orAborted } from "../bounded.ts";
import type { CheckTiming, Health } from "./api.ts";
import { type Judgement, judge, unjudged } from "./health.ts";
import type { Question } from "./question.ts";

/** What says how an instance is, from now on. */
export interface Checkup {
  /** Why the last answer was a bad one; null when it was not. */
  readonly failure: unknown;
  /** What the process says of itself. Not for a checkup that asks. */
  report?(health: Health): void;
  /** Also ends a question under way. */
  stop(): void;
}

type OnHealth = (health: Health) => void;

/** Asks again and again, one question at a time, and tells what is made of the answers. */
export class AskingCheckup implements Checkup {
  failure: unknown = null;
  readonly #clock: Clock;
  readonly #ask: Question;
  readonly #timing: CheckTiming;
  readonly #onHealth: OnHealth;
  readonly #stopped = new AbortController();
  #judgement: Judgement = unjudged;
  #timer: Timer | undefined;
  #isAsking = false;

  constructor(clock: Clock, ask: Question, timing: CheckTiming, onHealth: OnHealth) {
    this.#clock = clock;
    this.#ask = ask;
    this.#timing = timing;
    this.#onHealth = onHealth;
    void this.#once();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stopped.abort();
  }

  async #once(): Promise<void> {
    const answer = await this.#answer();
    if (this.#stopped.signal.aborted) return;
    const { rise = 2, fall = 3, intervalMs = 2_000 } = this.#timing;
    const before = this.#judgement;
    this.#judgement = judge(before, answer, { rise, fall });
    this.#timer = this.#clock.setTimer(intervalMs, () => void this.#once());
    if (this.#judgement.health !== before.health) this.#onHealth(this.#judgement.health);
  }

  async #answer(): Promise<Health> {
    const { timeoutMs: fallbackMs = 1_000 } = this.#timing;
    const options = { signal: this.#stopped.signal };
    try {
      if (this.#isAsking) throw unanswered();
      const bounds = { clock: this.#clock, options, fallbackMs, what: "the check" };
      const answer = await bounded(bounds, (signal) => orAborted(this.#question(signal), signal));
      this.failure = null;
      return answer;
    } catch (error) {
      this.failure = error;
      return "critical";
    }
  }

  /** It may go on when nobody waits for its answer any more. */
  async #question(signal: AbortSignal): Promise<Health> {
    this.#isAsking = true;
    try {
      return await this.#ask(signal);
    } finally {
      this.#isAsking = false;
    }
  }
}

function unanswered(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_TIMEOUT", "the check: its last question has not ended yet");
}

/** Believes what it is told, for a while. */
export class ReportedCheckup implements Checkup {
  failure: unknown = null;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #onHealth: OnHealth;
  #timer: Timer | undefined;

  /** @param ttlMs `Infinity`: for good */
  constructor(clock: Clock, ttlMs: number, onHealth: OnHealth) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#onHealth = onHealth;
  }

  report(health: Health): void {
    this.stop();
    this.failure = null;
    if (Number.isFinite(this.#ttlMs)) this.#timer = this.#clock.setTimer(this.#ttlMs, () => this.#expire());
    this.#onHealth(health);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #expire(): void {
    this.failure = new FlotillaError("ERR_FLOTILLA_TIMEOUT", `nothing was reported for ${this.#ttlMs} ms`);
    this.#onHealth("critical");
  }
}
