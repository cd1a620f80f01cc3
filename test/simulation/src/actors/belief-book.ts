import type { BeliefRecord } from "@flotilla/history";
import type { Leadership } from "./coord-types.ts";
import { toNs } from "./lease-book.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { StallBook } from "./stall-book.ts";

interface Belief {
  readonly leadership: Leadership;
  readonly object: string;
  readonly process: string;
  readonly machine: string;
  readonly maxStallMs: number;
  readonly fromMs: number;
  /** When its signal fired. */
  signalledMs: number | null;
  /** When `assert` was true last. */
  assertedMs: number;
}

/** Who believed to lead what, and until when: by the signal, and by `assert`. */
export class BeliefBook {
  readonly #nowMs: () => number;
  readonly #stalls: StallBook;
  readonly #all: Belief[] = [];
  readonly #live = new Map<ProcessClock, Belief[]>();

  constructor(nowMs: () => number, stalls: StallBook) {
    this.#nowMs = nowMs;
    this.#stalls = stalls;
  }

  /** Leaderships that were won. */
  get count(): number {
    return this.#all.length;
  }

  begun(
    leadership: Leadership,
    where: {
      readonly object: string;
      readonly process: string;
      readonly machine: string;
      readonly maxStallMs: number;
    },
    clock: ProcessClock,
  ): void {
    const nowMs = this.#nowMs();
    const belief: Belief = { leadership, ...where, fromMs: nowMs, signalledMs: null, assertedMs: nowMs };
    this.#all.push(belief);
    const list = this.#live.get(clock) ?? [];
    list.push(belief);
    this.#live.set(clock, list);
    this.#look(belief);
  }

  /** The process just ran. */
  ran(clock: ProcessClock): void {
    const list = this.#live.get(clock);
    if (list === undefined || list.length === 0) return;
    for (const belief of list) this.#look(belief);
    if (list.some(({ signalledMs }) => signalledMs !== null)) {
      this.#live.set(
        clock,
        list.filter(({ signalledMs }) => signalledMs === null),
      );
    }
  }

  /** The process is gone, and its beliefs with it. */
  died(clock: ProcessClock): void {
    for (const belief of this.#live.get(clock) ?? []) belief.signalledMs ??= this.#nowMs();
    this.#live.delete(clock);
  }

  /** Beliefs as their signals tell, without the spans in which the loop was stalled for too long. */
  bySignal(): BeliefRecord[] {
    return this.#all.map((belief) => ({
      ...record(belief),
      to_ns: belief.signalledMs === null ? null : toNs(belief.signalledMs),
      paused: this.#stalls
        .of(belief.machine)
        .filter(([from, to]) => to - from > belief.maxStallMs)
        .map(([from, to]): [number, number] => [toNs(from), to === Number.POSITIVE_INFINITY ? to : toNs(to)]),
    }));
  }

  /** Beliefs as `assert` tells, at every moment the process ran. */
  byAssert(): BeliefRecord[] {
    return this.#all.map((belief) => ({ ...record(belief), to_ns: toNs(belief.assertedMs) + 1, paused: [] }));
  }

  #look(belief: Belief): void {
    const { leadership } = belief;
    if (leadership.signal.aborted) {
      belief.signalledMs ??= this.#nowMs();
      return;
    }
    if (leadership.expiresIn > 0) belief.assertedMs = this.#nowMs();
  }
}

function record({
  process,
  object,
  leadership,
  fromMs,
}: Belief): Pick<BeliefRecord, "kind" | "process" | "object" | "epoch" | "from_ns"> {
  return { kind: "belief", process, object, epoch: leadership.epoch, from_ns: toNs(fromMs) };
}
