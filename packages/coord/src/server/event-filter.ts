import type { Node, TreeEntry, TreeEvent } from "@flotilla/kv";
import { nameOf, NamePattern } from "@flotilla/kv";
import type { ToldEvent, WatchWants } from "../wire/messages.ts";

const noBytes = new Uint8Array(0);

/** What a watch wants of the events and nodes that its kind lets it see. */
export class EventFilter {
  readonly #path: string;
  readonly #wants: WatchWants;
  readonly #names: NamePattern | null;

  /** @param path the watched one: it has any name */
  constructor(path: string, wants: WatchWants) {
    this.#path = path;
    this.#wants = wants;
    this.#names = wants.names === null ? null : new NamePattern(wants.names);
  }

  wants({ type, path }: Pick<TreeEvent, "type" | "path">): boolean {
    return this.#wants.types.includes(type) && this.shows(path);
  }

  shows(path: string): boolean {
    return this.#names === null || path === this.#path || this.#names.fits(nameOf(path));
  }

  /** Whether its events come with the node before each change. */
  get previous(): boolean {
    return this.#wants.previous;
  }

  /** An event that is wanted, as it is wanted. */
  told(event: TreeEvent): ToldEvent {
    if (this.#wants.values) return event;
    const { revision, ordinal, type, path, node } = event;
    const previous = this.previous ? event.previous : null;
    return { revision, ordinal, type, path, node: node && bare(node), previous: previous && bare(previous) };
  }

  /** Those of them that are wanted, as they are wanted. */
  entries(entries: readonly TreeEntry[]): readonly TreeEntry[] {
    const shown = entries.filter(({ path }) => this.shows(path));
    return this.#wants.values ? shown : shown.map(({ path, node }) => ({ path, node: bare(node) }));
  }
}

function bare({ stat }: Node): Node {
  return { value: noBytes, stat };
}
