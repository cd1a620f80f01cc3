/** What a run spends its time on, in this order. */
export type Phase = "start" | "load" | "stop" | "agree" | "look-again" | "judge";

/** Milliseconds of each phase. */
export type Spent = Readonly<Partial<Record<Phase, number>>>;

/** Tells phases of a run apart. Each lasts until the next one begins. */
export class Stopwatch {
  readonly #spent = new Map<Phase, number>();
  #phase: Phase;
  #sinceMs = performance.now();

  /** @param first begins now */
  constructor(first: Phase) {
    this.#phase = first;
  }

  begin(phase: Phase): void {
    const nowMs = performance.now();
    const before = this.#spent.get(this.#phase) ?? 0;
    this.#spent.set(this.#phase, before + nowMs - this.#sinceMs);
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }

  /** Whole milliseconds, the phase under way with what it has taken by now. */
  get spent(): Spent {
    this.begin(this.#phase);
    return Object.fromEntries([...this.#spent].map(([phase, ms]) => [phase, Math.round(ms)]));
  }
}
