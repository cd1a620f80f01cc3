import { crc32 } from "node:zlib";
import type { NodeView } from "../online/node-view.ts";
import type { FaultKind } from "../plan/plan.ts";
import type { World } from "../world/world.ts";
import type { Phase } from "./phases.ts";

/** What a world went through. */
export interface CoverageReport {
  /** Strikes by kind of fault and phase, as `kind/phase`. */
  readonly cells: Readonly<Record<string, number>>;
  /** Names, as numbers, of the abstract states it was in, and of the steps between them. */
  readonly states: readonly number[];
  readonly steps: readonly number[];
}

/** Notes which faults struck in the middle of what, and which abstract states the members were in. */
export class Coverage {
  readonly #world: World;
  readonly #cells: Record<string, number> = {};
  readonly #states = new Set<number>();
  readonly #steps = new Set<number>();
  #last = "";
  /** What that state was made of. */
  readonly #parts: number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get report(): CoverageReport {
    return { cells: this.#cells, states: [...this.#states], steps: [...this.#steps] };
  }

  /** A fault struck in the middle of these. */
  struck(kind: FaultKind, during: readonly Phase[]): void {
    for (const phase of during) {
      const cell = `${kind}/${phase}`;
      this.#cells[cell] = (this.#cells[cell] ?? 0) + 1;
    }
  }

  /** Takes up the state of now. */
  sample(): void {
    if (!this.#isMoved()) return;
    const state = abstractState(this.#world.servers.map(({ view }) => view));
    if (state === this.#last) return;
    this.#states.add(crc32(state));
    this.#steps.add(crc32(`${this.#last} > ${state}`));
    this.#last = state;
  }

  /** True when anything that a state is made of is not what it was at the last call. */
  #isMoved(): boolean {
    const parts = this.#parts;
    let at = 0;
    let isMoved = false;
    const take = (part: number): void => {
      if (parts[at] !== part) {
        parts[at] = part;
        isMoved = true;
      }
      at += 1;
    };
    for (const { view } of this.#world.servers) {
      const { isOpen, soft, hard, log, durable, commit } = view;
      take(isOpen ? soft.role.charCodeAt(0) : 0);
      take(soft.term);
      take(hard.term);
      take(log.lastIndex);
      take(durable.lastIndex);
      take(commit);
    }
    return isMoved;
  }
}

/**
 * Roles, and terms, logs and commits as ranks: what is alike but for names and numbers is one state.
 */
function abstractState(views: readonly NodeView[]): string {
  const terms = ranks(views.map(({ soft }) => soft.term));
  const logs = ranks(views.map(({ log }) => log.lastIndex));
  const commits = ranks(views.map(({ commit }) => commit));
  return views
    .map((view, at) => {
      if (!view.isOpen) return "down";
      const lag = view.log.lastIndex > view.durable.lastIndex ? "+" : "";
      const vote = view.soft.term > view.hard.term ? "?" : "";
      return `${view.soft.role[0] ?? ""}${terms[at] ?? 0}${logs[at] ?? 0}${commits[at] ?? 0}${lag}${vote}`;
    })
    .toSorted()
    .join(" ");
}

/** How many different values are below each. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    let below = 0;
    for (let at = 0; at < values.length; at += 1) {
      const other = values[at] ?? value;
      if (other < value && values.indexOf(other) === at) below += 1;
    }
    return below;
  });
}
