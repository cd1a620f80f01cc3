import { invariant } from "@flotilla/runtime";
import type { Configuration } from "./configuration.ts";
import type { Index } from "../types.ts";

/** The configurations along the log: effective from their entry on, undone to any depth with their entry. */
export class ConfigHistory {
  // Invariant: not empty, strictly ascending by index.
  #items: Configuration[];
  // Invariant: the last item.
  #current: Configuration;

  constructor(configurations: readonly Configuration[]) {
    this.#items = [...configurations];
    this.#current = this.#newest();
    for (const [position, item] of this.#items.entries()) {
      const previous = this.#items[position - 1];
      invariant(previous === undefined || previous.index < item.index, "ConfigurationsAscend");
    }
  }

  /** The one in force: the newest in the log, committed or not. */
  get current(): Configuration {
    return this.#current;
  }

  /** All that are known, oldest first. */
  get all(): readonly Configuration[] {
    return this.#items;
  }

  /** The one in force at `index`; the oldest known one when `index` lies before it. */
  at(index: Index): Configuration {
    return this.#current.index <= index ? this.#current : this.#earlierAt(index);
  }

  // Apart from `at`: what its callback holds is made with every call.
  #earlierAt(index: Index): Configuration {
    const found = this.#items.findLast((item) => item.index <= index) ?? this.#items[0];
    invariant(found !== undefined, "ConfigurationKnown");
    return found;
  }

  append(configuration: Configuration): void {
    invariant(configuration.index > this.current.index, "ConfigurationsAscend", {
      index: configuration.index,
    });
    this.#items.push(configuration);
    this.#current = configuration;
  }

  /** Undoes every configuration set at or above `index`. */
  truncateFrom(index: Index): void {
    while (this.current.index >= index) {
      invariant(this.#items.length > 1, "CommittedConfigurationKept", { index });
      this.#items.pop();
      this.#current = this.#newest();
    }
  }

  /** Forgets what is no longer in force at `index`, which is committed. */
  compactTo(index: Index): void {
    const keep = this.#items.findLastIndex((item) => item.index <= index);
    if (keep > 0) this.#items.splice(0, keep);
  }

  /** Starts over from a snapshot's configuration. */
  reset(configuration: Configuration): void {
    this.#items = [configuration];
    this.#current = configuration;
  }

  #newest(): Configuration {
    const last = this.#items.at(-1);
    invariant(last !== undefined, "ConfigurationKnown");
    return last;
  }
}
