import type { OutlierOptions } from "./api.ts";

/** One life of an instance: another one under its id was made at another revision. */
export interface Life {
  readonly id: string;
  /** Revision at which it was made. */
  readonly made: number;
}

interface Record {
  readonly made: number;
  /** Failures since the last success. */
  failures: number;
  /** Ejections since the last success that was not of somebody left out. */
  ejections: number;
  /** The last ejection, by the monotonic clock, ms. */
  outSinceMs: number;
  outUntilMs: number;
}

/** Counts what fails where, and says who is left out for a while. */
export class Outliers {
  readonly #failures: number;
  readonly #ejectMs: number;
  readonly #maxShare: number;
  /** Of those who are known: the revision at which each was made. */
  #known: ReadonlyMap<string, number> = new Map();
  readonly #records = new Map<string, Record>();

  constructor({ failures = 5, ejectMs = 10_000, maxShare = 0.5 }: OutlierOptions) {
    this.#failures = failures;
    this.#ejectMs = ejectMs;
    this.#maxShare = maxShare;
  }

  /** Work that was begun before it was left out does not end that; what was given to it all the same does. */
  succeeded({ id, made }: Life, begunMs: number, nowMs: number): void {
    const record = this.#records.get(id);
    if (record?.made !== made) return;
    if (record.outUntilMs > nowMs && begunMs <= record.outSinceMs) record.failures = 0;
    else this.#records.delete(id);
  }

  failed({ id, made }: Life, nowMs: number): void {
    if (this.#known.get(id) !== made) return;
    const record = this.#records.get(id) ?? { made, failures: 0, ejections: 0, outSinceMs: 0, outUntilMs: 0 };
    this.#records.set(id, record);
    record.failures += 1;
    if (record.failures < this.#failures || record.outUntilMs > nowMs) return;
    record.failures = 0;
    record.ejections += 1;
    record.outSinceMs = nowMs;
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

  /** Those who are known from now on: forgets all but these. */
  keep(lives: readonly Life[]): void {
    this.#known = new Map(lives.map(({ id, made }) => [id, made]));
    for (const [id, { made }] of this.#records) if (this.#known.get(id) !== made) this.#records.delete(id);
  }
}
