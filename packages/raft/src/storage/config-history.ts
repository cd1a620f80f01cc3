import { encodeConfiguration } from "../core/config/config-codec.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { Entry } from "../core/entry.ts";
import type { Index } from "../core/types.ts";

/** A configuration as it stands in the log: index and payload of its entry; index 0 is the founding one. */
export interface ConfigMark {
  readonly index: Index;
  readonly payload: Uint8Array;
}

/** The founding configuration, which no entry carries. */
export const foundingMark: ConfigMark = { index: 0, payload: new Uint8Array(0) };

export function markOf(configuration: Configuration): ConfigMark {
  return configuration.index === 0
    ? foundingMark
    : { index: configuration.index, payload: encodeConfiguration(configuration) };
}

/** The marks carried by `entries`, in order. */
export function marksIn(entries: readonly Entry[]): ConfigMark[] {
  const marks: ConfigMark[] = [];
  for (const entry of entries) {
    // A copy: the payload may be a view of a far larger frame.
    if (entry.kind === "config") marks.push({ index: entry.index, payload: Uint8Array.from(entry.payload) });
  }
  return marks;
}

/** Configurations of the durable log: the one in force at its base, then one per `config` entry. */
export class ConfigHistory {
  // Invariant: never empty, ascending by index.
  #marks: ConfigMark[];

  constructor(atBase: ConfigMark, later: readonly ConfigMark[]) {
    this.#marks = [atBase, ...later];
  }

  get all(): readonly ConfigMark[] {
    return this.#marks;
  }

  /** The one in force at `index`. */
  at(index: Index): ConfigMark {
    return this.#marks.findLast((mark) => mark.index <= index) ?? foundingMark;
  }

  add(marks: readonly ConfigMark[]): void {
    this.#marks.push(...marks);
  }

  truncateFrom(index: Index): void {
    this.#marks = this.#marks.filter((mark) => mark.index < index);
  }

  /** Forgets what was replaced at or below `base`. */
  compactTo(base: Index): void {
    const next = this.#marks[1];
    if (next === undefined || next.index > base) return;
    const inForce = this.at(base);
    this.#marks = this.#marks.filter((mark) => mark.index >= inForce.index);
  }

  reset(atBase: ConfigMark): void {
    this.#marks = [atBase];
  }
}
