import type { BeliefRecord } from "@flotilla/history";
import { epochMonotone, singleHolder } from "@flotilla/history";
import type { Kernel } from "@flotilla/runtime/sim";
import { expect } from "vitest";
import type { Held } from "../../src/recipes/api.ts";

interface Belief {
  readonly process: string;
  readonly object: string;
  readonly epoch: number;
  readonly from_ns: number;
  to_ns: number | null;
}

/** Who believed to hold what and when, by virtual time. */
export class Beliefs {
  readonly #kernel: Kernel;
  readonly #beliefs: Belief[] = [];
  #lost = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What was just handed out; it is believed until its signal fires. */
  add(
    process: string,
    object: string,
    { epoch, signal, expiresIn }: Pick<Held, "epoch" | "signal" | "expiresIn">,
  ): void {
    if (signal.aborted || expiresIn <= 0) this.#lost += 1;
    const now = this.#now();
    const belief: Belief = { process, object, epoch, from_ns: now, to_ns: signal.aborted ? now : null };
    this.#beliefs.push(belief);
    signal.addEventListener("abort", () => {
      belief.to_ns ??= this.#now();
    });
  }

  /** A process died, with all it believed. */
  died(process: string): void {
    for (const belief of this.#beliefs) if (belief.process === process) belief.to_ns ??= this.#now();
  }

  get records(): readonly BeliefRecord[] {
    return this.#beliefs.map((belief) => ({ kind: "belief", paused: [], ...belief }));
  }

  /** Fails unless there was one holder at a time, each with a larger epoch than the one before, and none too late. */
  check(): void {
    expect(this.#lost).toBe(0);
    expect(singleHolder(this.records).violations).toEqual([]);
    expect(epochMonotone(this.records).violations).toEqual([]);
  }

  #now(): number {
    return Math.round(this.#kernel.nowMs * 1_000_000);
  }
}
