/** A broken promise, named as in the design. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
  /** Virtual milliseconds; null when found after the run. */
  readonly atMs: number | null;
}

const mostOfOne = 5;

/** Where every checker reports to. The first report ends the run. */
export class Findings {
  readonly #violations: Violation[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get all(): readonly Violation[] {
    return this.#violations;
  }

  isBroken(): boolean {
    return this.#violations.length > 0;
  }

  /** Found while the world happens. */
  now(invariant: string, message: string): void {
    this.#add({ invariant, message, atMs: this.#nowMs() });
  }

  /** Found in what was recorded. */
  later(invariant: string, message: string): void {
    this.#add({ invariant, message, atMs: null });
  }

  #add(violation: Violation): void {
    const same = this.#violations.filter(({ invariant }) => invariant === violation.invariant);
    if (same.length < mostOfOne) this.#violations.push(violation);
  }
}
