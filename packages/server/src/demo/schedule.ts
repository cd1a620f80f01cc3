import type { Dice } from "./dice.ts";
import type { FaultKind } from "./faults.ts";

/** What a fault and its recovery take, about, ms. */
const roomMs: Readonly<Record<FaultKind, number>> = {
  "kill-leader": 6_000,
  "pause-leader": 8_000,
  "kill-worker": 4_000,
  "rolling-restart": 15_000,
};

const shortestBreakMs = 300;
const longestBreakMs = 1_200;

/** Each fault once in an order of chance, then others as long as there is time. */
export class Schedule {
  readonly #dice: Dice;
  readonly #faults: readonly FaultKind[];
  readonly #due: FaultKind[];

  constructor(faults: readonly FaultKind[], dice: Dice) {
    this.#faults = faults;
    this.#dice = dice;
    this.#due = dice.shuffled(faults);
  }

  /** How long to leave the cluster alone before the next fault. */
  breakMs(): number {
    return this.#dice.between(shortestBreakMs, longestBreakMs);
  }

  /** The next fault; null when all were done and the rest of the time is too short for another. */
  next(leftMs: number): FaultKind | null {
    const due = this.#due.shift();
    if (due !== undefined) return due;
    const fitting = this.#faults.filter((kind) => roomMs[kind] <= leftMs);
    return this.#dice.pick(fitting) ?? null;
  }
}
