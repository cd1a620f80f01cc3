/** One broken promise. */
export interface Violation {
  /** Short name of the rule, stable. */
  readonly rule: string;
  readonly message: string;
  /** The records that contradict each other. */
  readonly evidence: readonly unknown[];
}

/** What a checker found. */
export interface CheckReport {
  /** No violation was found. */
  readonly ok: boolean;
  /** Records that were judged. */
  readonly checked: number;
  /** At most the first 100. */
  readonly violations: readonly Violation[];
}

const maxViolations = 100;

/** Collects the findings of one checker. */
export class Findings {
  readonly #violations: Violation[] = [];
  #checked = 0;

  /** Counts records as judged. */
  checked(count = 1): void {
    this.#checked += count;
  }

  /** Notes a broken promise. */
  add(rule: string, message: string, ...evidence: readonly unknown[]): void {
    if (this.#violations.length < maxViolations) this.#violations.push({ rule, message, evidence });
  }

  /** Everything noted so far. */
  report(): CheckReport {
    return { ok: this.#violations.length === 0, checked: this.#checked, violations: [...this.#violations] };
  }
}

/** Groups records by a key, groups in order of key, records in the order given. */
export function groupBy<T>(records: readonly T[], keyOf: (record: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const group = groups.get(keyOf(record));
    if (group === undefined) groups.set(keyOf(record), [record]);
    else group.push(record);
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
}
