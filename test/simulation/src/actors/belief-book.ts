import type { Session, SessionLease } from "@flotilla/coord/client";
import type { BeliefRecord } from "@flotilla/history";
import type { Kernel } from "@flotilla/runtime/sim";
import type { Held } from "./coord-types.ts";
import { toNs } from "./lease-book.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { StallBook } from "./stall-book.ts";

/** Whatever is held says these of itself. */
export type Belief = Pick<Held, "epoch" | "signal" | "expiresIn">;

/** Who holds what. */
export interface Whereabouts {
  readonly object: string;
  readonly process: string;
  readonly machine: string;
  readonly maxStallMs: number;
  readonly session: Session;
  /** True where others may take it by force, whatever its signal says. Default false. */
  readonly isForced?: boolean;
  /** How many places the object has. Default 1. */
  readonly places?: number;
  /** How many of them are taken. Default 1. */
  readonly taken?: number;
}

/** A belief, and how many such there may be of its object at once. */
export interface PlacedBelief extends BeliefRecord {
  readonly places: number;
}

interface Noted extends Required<Whereabouts> {
  readonly held: Belief;
  readonly clock: ProcessClock;
  /** The period of belief it was had in. */
  readonly lease: SessionLease;
  readonly fromMs: number;
  /** When its signal fired. */
  signalledMs: number | null;
  /** When `assert` was true last. */
  assertedMs: number;
  /** Its holder let go of it. */
  isGivenUp: boolean;
}

/** A session is closed in order after what it holds was given back. */
const longestPartingMs = 5000;

/** Who believed to hold what, and until when: by the signal, and by `assert`. */
export class BeliefBook {
  /** Holds that were over when they were handed out. */
  readonly stillborn: string[] = [];
  /** Holds that ended although nobody let go, no lease lapsed and no session was closed. */
  readonly causeless: string[] = [];
  readonly #kernel: Kernel;
  readonly #stalls: StallBook;
  readonly #all: Noted[] = [];
  readonly #live = new Map<ProcessClock, Noted[]>();
  readonly #dead = new WeakSet<ProcessClock>();

  constructor(kernel: Kernel, stalls: StallBook) {
    this.#kernel = kernel;
    this.#stalls = stalls;
  }

  /** Leaderships, locks and permits that were had. */
  get count(): number {
    return this.#all.length;
  }

  /** It was just handed out. */
  begun(held: Belief, where: Whereabouts, clock: ProcessClock): void {
    const { nowMs } = this.#kernel;
    const { process, object, session } = where;
    if (held.signal.aborted || held.expiresIn <= 0)
      this.stillborn.push(`${process} was handed ${object} at ${nowMs} ms when it was over`);
    const belief: Noted = {
      held,
      clock,
      lease: session.lease,
      isForced: false,
      isGivenUp: false,
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
    held.signal.addEventListener("abort", () => this.#fired(belief), { once: true });
    this.#look(belief);
  }

  /** Its holder lets go of it now. */
  givenUp(held: Belief): void {
    for (const belief of this.#all) if (belief.held === held) belief.isGivenUp = true;
  }

  /** True while the process believes to hold something. */
  isHolding(clock: ProcessClock): boolean {
    return (this.#live.get(clock) ?? []).some(({ signalledMs }) => signalledMs === null);
  }

  /** Somebody who lives believes to hold it. */
  isHeld(object: string): boolean {
    return [...this.#live.values()].some((list) =>
      list.some((belief) => belief.object === object && belief.signalledMs === null),
    );
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
    for (const belief of this.#live.get(clock) ?? []) belief.signalledMs ??= this.#kernel.nowMs;
    this.#live.delete(clock);
    this.#dead.add(clock);
  }

  /** Beliefs that nobody may end by force, as their signals tell, without the spans in which the loop was stalled for too long; one for each place. */
  bySignal(): PlacedBelief[] {
    return this.#kept().flatMap((belief) => {
      const to_ns = belief.signalledMs === null ? null : toNs(belief.signalledMs);
      const paused = this.#stalls
        .of(belief.machine)
        .filter(([from, to]) => to - from > belief.maxStallMs)
        .map(([from, to]): [number, number] => [toNs(from), to === Number.POSITIVE_INFINITY ? to : toNs(to)]);
      return records(belief, to_ns, paused);
    });
  }

  /** The same as `assert` tells, at every moment the process ran; one for each place. */
  byAssert(): PlacedBelief[] {
    return this.#kept().flatMap((belief) => records(belief, toNs(belief.assertedMs) + 1, []));
  }

  #kept(): Noted[] {
    return this.#all.filter(({ isForced }) => !isForced);
  }

  #fired(belief: Noted): void {
    const { isGivenUp, isForced, lease, session, process, object } = belief;
    if (isGivenUp || isForced || lease.signal.aborted || session.signal.aborted) return;
    const atMs = this.#kernel.nowMs;
    this.#kernel.after(longestPartingMs, () => {
      if (belief.isGivenUp || session.signal.aborted || this.#dead.has(belief.clock)) return;
      this.causeless.push(`${process} lost ${object} at ${atMs} ms and had not let go`);
    });
  }

  #look(belief: Noted): void {
    const { held } = belief;
    if (held.signal.aborted) {
      belief.signalledMs ??= this.#kernel.nowMs;
      return;
    }
    if (held.expiresIn > 0) belief.assertedMs = this.#kernel.nowMs;
  }
}

function records(
  { process, object, held, fromMs, places, taken }: Noted,
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
