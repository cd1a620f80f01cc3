import type { BeliefRecord } from "@flotilla/history";
import type { Held } from "./coord-types.ts";
import { toNs } from "./lease-book.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { StallBook } from "./stall-book.ts";

/** Who holds what. */
export interface Whereabouts {
  readonly object: string;
  readonly process: string;
  readonly machine: string;
  readonly maxStallMs: number;
  /** How many places the object has. Default 1. */
  readonly places?: number;
  /** How many of them are taken. Default 1. */
  readonly taken?: number;
}

/** A belief, and how many such there may be of its object at once. */
export interface PlacedBelief extends BeliefRecord {
  readonly places: number;
}

interface Belief extends Required<Whereabouts> {
  readonly held: Held;
  readonly fromMs: number;
  /** When its signal fired. */
  signalledMs: number | null;
  /** When `assert` was true last. */
  assertedMs: number;
}

/** Who believed to hold what, and until when: by the signal, and by `assert`. */
export class BeliefBook {
  readonly #nowMs: () => number;
  readonly #stalls: StallBook;
  readonly #all: Belief[] = [];
  readonly #live = new Map<ProcessClock, Belief[]>();

  constructor(nowMs: () => number, stalls: StallBook) {
    this.#nowMs = nowMs;
    this.#stalls = stalls;
  }

  /** Leaderships, locks and permits that were had. */
  get count(): number {
    return this.#all.length;
  }

  begun(held: Held, where: Whereabouts, clock: ProcessClock): void {
    const nowMs = this.#nowMs();
    const belief: Belief = {
      held,
      places: 1,
      taken: 1,
      ...where,
      fromMs: nowMs,
      signalledMs: null,
      assertedMs: nowMs,
    };
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

  /** Beliefs as their signals tell, without the spans in which the loop was stalled for too long; one for each place. */
  bySignal(): PlacedBelief[] {
    return this.#all.flatMap((belief) => {
      const to_ns = belief.signalledMs === null ? null : toNs(belief.signalledMs);
      const paused = this.#stalls
        .of(belief.machine)
        .filter(([from, to]) => to - from > belief.maxStallMs)
        .map(([from, to]): [number, number] => [toNs(from), to === Number.POSITIVE_INFINITY ? to : toNs(to)]);
      return records(belief, to_ns, paused);
    });
  }

  /** Beliefs as `assert` tells, at every moment the process ran; one for each place. */
  byAssert(): PlacedBelief[] {
    return this.#all.flatMap((belief) => records(belief, toNs(belief.assertedMs) + 1, []));
  }

  #look(belief: Belief): void {
    const { held } = belief;
    if (held.signal.aborted) {
      belief.signalledMs ??= this.#nowMs();
      return;
    }
    if (held.expiresIn > 0) belief.assertedMs = this.#nowMs();
  }
}

function records(
  { process, object, held, fromMs, places, taken }: Belief,
  to_ns: number | null,
  paused: PlacedBelief["paused"],
): PlacedBelief[] {
  const { epoch } = held;
  return Array.from({ length: taken }, (_, place) => ({
    kind: "belief",
    process: place === 0 ? process : `${process} (${place + 1})`,
    object,
    epoch,
    from_ns: toNs(fromMs),
    to_ns,
    paused,
    places,
  }));
}
