import type { Violation } from "./act.ts";
import type { Core } from "./load-core.ts";
import { Moves } from "./moves.ts";
import type { Place } from "./moves.ts";
import type { Scope } from "./scope.ts";
import { Store } from "./store.ts";
import { World } from "./world.ts";
import type { State } from "./world.ts";

/** When to stop although there is more. */
export interface Bounds {
  readonly maxStates: number;
  /** Called now and then; false: stop. */
  readonly goesOn: (progress: Progress) => boolean;
}

export interface Progress {
  readonly states: number;
  /** Every state that is so many choices away has been found; those of one more only in part. */
  readonly depth: number;
  /** Choices that were made. */
  readonly steps: number;
  /** States of single members. */
  readonly locals: number;
  readonly bytes: number;
}

/** A broken promise, and the shortest way to it. */
export interface Found {
  readonly violation: Violation;
  readonly schedule: readonly string[];
}

export interface Result extends Progress {
  readonly found: Found | null;
  /** Nothing was left out. */
  readonly isComplete: boolean;
}

const askEvery = 1024;

/** What is done before anything is explored: each choice of the prologue, then all that happens by itself. */
export function startOf(world: World): State {
  let state = world.first();
  const take = (text: string): void => {
    const choice = world.choices.find((one) => one.text === text);
    if (choice === undefined || !world.isPossible(state, choice)) throw new RangeError(`prologue: ${text}`);
    const { state: next, violation } = world.take(state, choice);
    if (violation !== null) throw new Error(`prologue: ${JSON.stringify(violation)}`);
    state = next.slice();
  };
  for (const text of world.scope.prologue) {
    take(text);
    for (let next = freeOf(world, state); next !== undefined; next = freeOf(world, state)) take(next);
  }
  world.cut();
  return state;
}

function freeOf(world: World, state: State): string | undefined {
  return world.choices.find((choice) => choice.counted < 0 && world.isPossible(state, choice))?.text;
}

/** Breadth first: whatever is found is found by the shortest way. */
class Search {
  readonly world: World;
  readonly #moves: Moves;
  readonly #store: Store;
  readonly #row: Int32Array;
  #steps = 0;
  #depth = 0;

  constructor(world: World) {
    this.world = world;
    const start = startOf(world);
    this.#moves = new Moves(world, start);
    this.#row = new Int32Array(world.width + 2);
    this.#store = new Store(this.#row.length);
    this.#add(start, { step: 0, deviations: 0 }, -1, -1);
  }

  run({ maxStates, goesOn }: Bounds): Result {
    let levelEnd = this.#store.size;
    for (let state = 0; state < this.#store.size; state += 1) {
      if (state === levelEnd) {
        this.#depth += 1;
        levelEnd = this.#store.size;
      }
      if (this.#store.size >= maxStates) return this.#result(null, false);
      if (state % askEvery === 0 && !goesOn(this.progress())) return this.#result(null, false);
      const found = this.#expand(state);
      if (found !== null) return this.#result(found, false);
    }
    return this.#result(null, true);
  }

  progress(): Progress {
    const { size: states, bytes } = this.#store;
    return { states, depth: this.#depth, steps: this.#steps, locals: this.world.locals.size, bytes };
  }

  #expand(number: number): Found | null {
    const { width } = this.world;
    const row = this.#store.at(number);
    const state = row.subarray(0, width);
    const place = { step: row[width] ?? 0, deviations: row[width + 1] ?? 0 };
    for (const { choice, place: next } of this.#moves.from(state, place)) {
      this.#steps += 1;
      if (choice === null) {
        this.#add(state, next, number, -1);
        continue;
      }
      const { state: after, violation } = this.world.take(state, choice);
      if (violation !== null) return { violation, schedule: [...this.#scheduleOf(number), choice.text] };
      this.#add(after, next, number, choice.number);
    }
    return null;
  }

  #add(state: State, { step, deviations }: Place, from: number, choice: number): void {
    this.#row.set(state);
    this.#row[this.world.width] = step;
    this.#row[this.world.width + 1] = deviations;
    this.#store.add(this.#row, from, choice);
  }

  #scheduleOf(number: number): string[] {
    const texts: string[] = [];
    for (let at = number; at >= 0;) {
      const { from, choice } = this.#store.origin(at);
      const text = this.world.choices[choice]?.text;
      if (text !== undefined) texts.push(text);
      at = from;
    }
    return texts.toReversed();
  }

  #result(found: Found | null, isComplete: boolean): Result {
    return { ...this.progress(), found, isComplete };
  }
}

/** Tries everything that may happen in a scope, each choice in each state, until something breaks or nothing is left. */
export function explore(scope: Scope, core: Core, bounds: Bounds): Result {
  return new Search(new World(scope, core)).run(bounds);
}
