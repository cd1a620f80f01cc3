import type { BudgetReport } from "@flotilla/kv";
import type { Clock, Logger } from "@flotilla/runtime";

/** From one warning of a bound to the next, ms. */
const restMs = 60_000;
/** Bounds remembered; beyond that some are told of sooner. */
const maxBounds = 1_000;

/** Warns of budgets that are gone beyond: of each bound at most once a minute, however many writes do. */
export class BudgetLog {
  readonly #clock: Pick<Clock, "now">;
  readonly #logger: Logger;
  readonly #told = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Tells of bounds that something went beyond, or was refused by. */
  tell(reports: readonly BudgetReport[]): void {
    for (const report of reports) this.#tell(report);
  }

  #tell({ path, kind, bound, limit, used, wanted }: BudgetReport): void {
    const key = `${bound} ${kind} ${path}`;
    const now = this.#clock.now();
    const last = this.#told.get(key);
    if (last !== undefined && now - last < restMs) return;
    if (this.#told.size >= maxBounds) this.#told.clear();
    this.#told.set(key, now);
    const what = bound === "soft" ? "is gone beyond" : "refuses";
    this.#logger.warn({ path, kind, bound, limit, used, wanted }, `a budget ${what}: ${kind} of ${path}`);
  }
}
