import type { OutlierOptions } from "./api.ts";

interface Record {
  /** Failures since the last success. */
  failures: number;
  /** Ejections since the last success. */
  ejections: number;
  /** By the monotonic clock, ms. */
  outUntilMs: number;
}

/** Counts what fails where, and says who is left out for a while. */
export class Outliers {
  readonly #failures: number;
  readonly #ejectMs: number;
  readonly #maxShare: number;
  readonly #records = new Map<string, Record>();

  constructor({ failures = 5, ejectMs = 10_000, maxShare = 0.5 }: OutlierOptions) {
    this.#failures = failures;
    this.#ejectMs = ejectMs;
    this.#maxShare = maxShare;
  }

  succeeded(id: string): void {
    this.#records.delete(id);
  }

  failed(id: string, nowMs: number): void {
    const record = this.#records.get(id) ?? { failures: 0, ejections: 0, outUntilMs: 0 };
    this.#records.set(id, record);
    record.failures += 1;
    if (record.failures < this.#failures || record.outUntilMs > nowMs) return;
    record.failures = 0;
    record.ejections += 1;
    record.outUntilMs = nowMs + this.#ejectMs * record.ejections;
  }

  /** Of these ids, those that are left out now: no more than the share of all, whoever is out longest first. */
  ejected(ids: readonly string[], nowMs: number): ReadonlySet<string> {
    const out = ids
      .map((id) => ({ id, untilMs: this.#records.get(id)?.outUntilMs ?? 0 }))
      .filter(({ untilMs }) => untilMs > nowMs)
      .toSorted((a, b) => b.untilMs - a.untilMs || (a.id < b.id ? -1 : 1));
    return new Set(out.slice(0, Math.floor(ids.length * this.#maxShare)).map(({ id }) => id));
  }

  /** Forgets all but these. */
  keep(ids: readonly string[]): void {
    const kept = new Set(ids);
    for (const id of this.#records.keys()) if (!kept.has(id)) this.#records.delete(id);
  }
}
