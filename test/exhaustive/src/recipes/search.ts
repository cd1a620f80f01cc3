import type { CoordSources } from "./load-coord.ts";
import type { Deviation, Scope, Violation } from "./scope.ts";
import { isFollowing } from "./scope.ts";
import type { Outcome } from "./world.ts";
import { World } from "./world.ts";

/** How far a search has come. */
export interface Progress {
  /** Schedules that were run. */
  readonly runs: number;
  readonly steps: number;
  /** Every schedule with so many deviations was run; -1: none. */
  readonly complete: number;
}

/** A broken promise, and a schedule with as few deviations as there may be. */
export interface Found {
  readonly violation: Violation;
  readonly schedule: readonly Deviation[];
}

export interface Result extends Progress {
  readonly found: Found | null;
  readonly isComplete: boolean;
}

/** A choice as it is told. */
export function formatSchedule(schedule: readonly Deviation[]): string {
  return schedule.map(({ at, text }) => `${at} ${text}`).join(",");
}

/** @throws RangeError when it is none */
export function readSchedule(text: string): Deviation[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => {
    const [, at, choice] = /^\s*(\d+) (.+?)\s*$/.exec(part) ?? [];
    if (at === undefined || choice === undefined) throw new RangeError(`no choice: ${part}`);
    return { at: Number(at), text: choice };
  });
}

function weightOf(schedule: readonly Deviation[]): number {
  return schedule.filter(({ text }) => !isFollowing(text)).length;
}

/** Runs every schedule with no deviation, then with one, and so on: each from the start, for what runs cannot be copied. */
class Search {
  readonly #sources: CoordSources;
  readonly #scope: Scope;
  readonly #goesOn: (progress: Progress) => boolean;
  #runs = 0;
  #steps = 0;
  #complete = -1;
  #isStopped = false;

  constructor(sources: CoordSources, scope: Scope, goesOn: (progress: Progress) => boolean) {
    this.#sources = sources;
    this.#scope = scope;
    this.#goesOn = goesOn;
  }

  get progress(): Progress {
    return { runs: this.#runs, steps: this.#steps, complete: this.#complete };
  }

  async run(): Promise<Result> {
    for (let deviations = 0; deviations <= this.#scope.deviations; deviations += 1) {
      const found = await this.#below([], deviations);
      if (found !== null || this.#isStopped) return { ...this.progress, found, isComplete: false };
      this.#complete = deviations;
    }
    return { ...this.progress, found: null, isComplete: true };
  }

  /** Runs it, and all that begin with it. */
  async #below(schedule: readonly Deviation[], deviations: number): Promise<Found | null> {
    if (this.#hasStopped()) return null;
    const { violation, others } = await this.#try(schedule);
    if (violation !== null) return { violation, schedule };
    const isFull = weightOf(schedule) === deviations;
    for (const other of others) {
      if (isFull && !isFollowing(other.text)) continue;
      const found = await this.#below([...schedule, other], deviations);
      if (found !== null || this.#isStopped) return found;
    }
    return null;
  }

  #hasStopped(): boolean {
    this.#isStopped ||= !this.#goesOn(this.progress);
    return this.#isStopped;
  }

  async #try(schedule: readonly Deviation[]): Promise<Outcome> {
    const outcome = await new World(this.#sources, this.#scope).run(schedule);
    this.#runs += 1;
    this.#steps += outcome.steps;
    return outcome;
  }
}

/** Looks for a broken promise. */
export async function search(
  sources: CoordSources,
  scope: Scope,
  goesOn: (progress: Progress) => boolean,
): Promise<Result> {
  const { stackTraceLimit } = Error;
  // Of the very many errors that mean "read again", nobody asks where they came from.
  Error.stackTraceLimit = 0;
  try {
    return await new Search(sources, scope, goesOn).run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
