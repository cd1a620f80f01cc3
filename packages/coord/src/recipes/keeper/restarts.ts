import { requireOptions } from "../../client/call.ts";
import { requireInteger } from "../counted.ts";
import type { RestartOptions } from "./api.ts";

const longestMs = 86_400_000;

/** With what is left out. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function restartOptions(options: RestartOptions = {}): Required<RestartOptions> {
  requireOptions(options);
  const {
    backoffMs = 100,
    maxBackoffMs = 30_000,
    steadyMs = 10_000,
    budget = 20,
    budgetMs = 300_000,
  } = options;
  return {
    backoffMs: requireInteger(backoffMs, "backoffMs", 1, longestMs),
    maxBackoffMs: requireInteger(maxBackoffMs, "maxBackoffMs", 1, longestMs),
    steadyMs: requireInteger(steadyMs, "steadyMs", 0, longestMs),
    budget: requireInteger(budget, "budget", 1, 10_000),
    budgetMs: requireInteger(budgetMs, "budgetMs", 1, longestMs),
  };
}

/** The restarts of one slot: exponential back-off within a budget. */
export class Restarts {
  readonly #options: Required<RestartOptions>;
  /** When they were due, the last `budget` of them. */
  #due: number[] = [];
  #inRow = 0;
  #total = 0;

  constructor(options: Required<RestartOptions>) {
    this.#options = options;
  }

  get total(): number {
    return this.#total;
  }

  /** How long to wait before the next one, ms. */
  next(nowMs: number, ranMs: number): number {
    const { backoffMs, maxBackoffMs, steadyMs, budget, budgetMs } = this.#options;
    if (ranMs >= steadyMs) this.#inRow = 0;
    const backoff = this.#inRow === 0 ? 0 : Math.min(maxBackoffMs, backoffMs * 2 ** (this.#inRow - 1));
    const first = this.#due.length < budget ? undefined : this.#due[0];
    const waitMs = Math.max(backoff, first === undefined ? 0 : first + budgetMs - nowMs);
    this.#due = [...this.#due, nowMs + waitMs].slice(-budget);
    this.#inRow += 1;
    this.#total += 1;
    return waitMs;
  }
}
