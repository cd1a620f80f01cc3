import { installMoments } from "../plan/install-faults.ts";
import { faultKinds, outerMoments } from "../plan/plan.ts";
import type { Gain } from "../runner/worker.ts";
import { phases } from "./phases.ts";

/** What many worlds went through together. */
export interface CoveredFigures {
  readonly worlds: number;
  /** How often each probe of the code and each moment that is seen from outside came. */
  readonly moments: Readonly<Record<string, number>>;
  /** Strikes by kind of fault, then phase. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Cells of the matrix that nothing struck, as `kind/phase`, and moments that never came. */
  readonly missing: readonly string[];
  readonly cellsCovered: string;
  readonly states: number;
  readonly steps: number;
  /** States that only the last tenth of the worlds were in. */
  readonly newStates: number;
}

/** Adds up what worlds covered. */
export class Covered {
  readonly #moments = new Map<string, number>();
  readonly #cells = new Map<string, number>();
  readonly #states = new Set<number>();
  readonly #steps = new Set<number>();
  /** States known after each world. */
  readonly #known: number[] = [];

  add({ moments, cells, states, steps }: Gain): void {
    addAll(this.#moments, moments);
    addAll(this.#cells, cells);
    for (const state of states) this.#states.add(state);
    for (const step of steps) this.#steps.add(step);
    this.#known.push(this.#states.size);
  }

  figures(): CoveredFigures {
    const cells = Object.fromEntries(
      faultKinds.map((kind) => [
        kind,
        Object.fromEntries(phases.map((phase) => [phase, this.#cell(kind, phase)])),
      ]),
    );
    const empty = faultKinds.flatMap((kind) =>
      phases.filter((phase) => this.#cell(kind, phase) === 0).map((phase) => `${kind}/${phase}`),
    );
    const all = faultKinds.length * phases.length;
    const before = this.#known[Math.floor(this.#known.length * 0.9) - 1] ?? 0;
    return {
      worlds: this.#known.length,
      moments: Object.fromEntries([...this.#moments].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      cells,
      missing: [
        ...empty,
        ...[...outerMoments, ...installMoments].filter((moment) => !this.#moments.has(moment)),
      ],
      cellsCovered: `${all - empty.length} of ${all}`,
      states: this.#states.size,
      steps: this.#steps.size,
      newStates: this.#states.size - before,
    };
  }

  /** The same for people. */
  lines(): string[] {
    const { moments, cells, missing, cellsCovered, states, steps, newStates } = this.figures();
    const matrix = Object.entries(cells).map(
      ([kind, row]) =>
        kind.padEnd(18) +
        Object.entries(row)
          .map(([phase, count]) => String(count).padStart(phase.length + 2))
          .join(""),
    );
    return [
      "moments",
      ...Object.entries(moments).map(([name, count]) => `${String(count).padStart(9)}  ${name}`),
      `strikes by phase, ${cellsCovered} cells`,
      " ".repeat(18) + phases.map((phase) => `  ${phase}`).join(""),
      ...matrix,
      `missing: ${missing.join(", ") || "nothing"}`,
      `${states} abstract states, ${newStates} of them only in the last tenth; ${steps} steps between them`,
    ];
  }

  #cell(kind: string, phase: string): number {
    return this.#cells.get(`${kind}/${phase}`) ?? 0;
  }
}

function addAll(sums: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums.set(name, (sums.get(name) ?? 0) + count);
}
