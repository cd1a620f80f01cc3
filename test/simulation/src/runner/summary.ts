import { faultKinds } from "../plan/plan.ts";
import type { WorldLine } from "./world-line.ts";

/** The last line of many runs. */
export interface Summary {
  readonly runs: number;
  readonly simulatedHours: number;
  readonly wallSeconds: number;
  /** Of the processes that ran the worlds. */
  readonly cpuSeconds: number;
  readonly ops: number;
  readonly leaderChanges: number;
  /** Reads answered from a lease. */
  readonly leaseReads: number;
  readonly snapshotInstalls: number;
  readonly expiries: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly seed: number; readonly invariant: string }[];
}

const msPerHour = 3_600_000;

/** Adds worlds up. */
export class Tally {
  #runs = 0;
  #simulatedMs = 0;
  #cpuMs = 0;
  #ops = 0;
  #leaderChanges = 0;
  #leaseReads = 0;
  #snapshotInstalls = 0;
  #expiries = 0;
  readonly #faults: Record<string, number> = Object.fromEntries(faultKinds.map((kind) => [kind, 0]));
  readonly #violations: { seed: number; invariant: string }[] = [];

  get failed(): boolean {
    return this.#violations.length > 0;
  }

  add(line: WorldLine): void {
    this.#runs += 1;
    this.#simulatedMs += line.simulatedMs;
    this.#cpuMs += line.cpuMs;
    this.#ops += line.ops;
    this.#leaderChanges += line.leaderChanges;
    this.#leaseReads += line.leaseReads;
    this.#snapshotInstalls += line.snapshotInstalls;
    this.#expiries += line.expiries;
    for (const [kind, count] of Object.entries(line.faults))
      this.#faults[kind] = (this.#faults[kind] ?? 0) + count;
    for (const invariant of new Set(line.violations.map((violation) => violation.invariant))) {
      this.#violations.push({ seed: line.seed, invariant });
    }
  }

  summary(wallMs: number): Summary {
    return {
      runs: this.#runs,
      simulatedHours: Math.round((this.#simulatedMs / msPerHour) * 1000) / 1000,
      wallSeconds: Math.round(wallMs / 100) / 10,
      cpuSeconds: Math.round(this.#cpuMs / 100) / 10,
      ops: this.#ops,
      leaderChanges: this.#leaderChanges,
      leaseReads: this.#leaseReads,
      snapshotInstalls: this.#snapshotInstalls,
      expiries: this.#expiries,
      faults: this.#faults,
      violations: this.#violations.toSorted((a, b) => a.seed - b.seed),
    };
  }
}
