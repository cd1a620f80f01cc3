type Span = readonly [fromMs: number, toMs: number];

interface OpenSpan {
  readonly fromMs: number;
  /** Counts those that are not over yet. */
  depth: number;
}

/**
 * When event loops stood still. A stall lasts until the loop is through with the timers that came due
 * meanwhile, for they run before anything else.
 */
export class StallBook {
  readonly #nowMs: () => number;
  readonly #spans = new Map<string, Span[]>();
  readonly #open = new Map<string, OpenSpan>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begun(machine: string): void {
    const open = this.#open.get(machine);
    if (open === undefined) this.#open.set(machine, { fromMs: this.#nowMs(), depth: 1 });
    else open.depth += 1;
  }

  /** The machine may run again. */
  over(machine: string): void {
    const open = this.#open.get(machine);
    if (open !== undefined && open.depth > 0) open.depth -= 1;
  }

  /** The machine just ran a callback of this kind. */
  ran(machine: string, kind: string): void {
    if (this.#open.size === 0) return;
    const open = this.#open.get(machine);
    if (open === undefined || open.depth > 0 || kind === "timer") return;
    this.#close(machine, open);
  }

  /** The process is gone. */
  died(machine: string): void {
    const open = this.#open.get(machine);
    if (open !== undefined) this.#close(machine, open);
  }

  /** True while a stall is under way. */
  isStanding(machine: string): boolean {
    return this.#open.has(machine);
  }

  of(machine: string): readonly Span[] {
    const open = this.#open.get(machine);
    const closed = this.#spans.get(machine) ?? [];
    return open === undefined ? closed : [...closed, [open.fromMs, Number.POSITIVE_INFINITY]];
  }

  #close(machine: string, open: OpenSpan): void {
    this.#open.delete(machine);
    const spans = this.#spans.get(machine) ?? [];
    spans.push([open.fromMs, this.#nowMs()]);
    this.#spans.set(machine, spans);
  }
}
