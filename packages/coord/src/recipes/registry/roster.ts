import type { WatchEvent } from "../../client/api.ts";
import type { Instance, InstanceChange } from "./api.ts";
import { readInstance } from "./instance.ts";

/** The instances of one service that fit, kept up to date by what a watch of its node tells. */
export class Roster {
  readonly #name: string;
  readonly #prefix: string;
  readonly #fits: (instance: Instance) => boolean;
  #instances = new Map<string, Instance>();

  /** @param path of the service's node, whose children are the instances */
  constructor(name: string, path: string, fits: (instance: Instance) => boolean) {
    this.#name = name;
    this.#prefix = `${path}/`;
    this.#fits = fits;
  }

  /** Sorted by id. */
  get instances(): readonly Instance[] {
    return [...this.#instances.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Takes in one event; null when it changed nothing here. */
  take(event: WatchEvent): InstanceChange | null {
    const before = this.#instances;
    if (event.type === "snapshot") {
      this.#instances = new Map();
      for (const { path, node } of event.nodes) this.#put(path, node);
      return this.#changeSince(before);
    }
    this.#instances = new Map(before);
    this.#instances.delete(this.#idOf(event.path) ?? "");
    if (event.node !== null) this.#put(event.path, event.node);
    return this.#changeSince(before);
  }

  #put(path: string, node: Parameters<typeof readInstance>[2]): void {
    const id = this.#idOf(path);
    const instance = id === null ? null : readInstance(this.#name, id, node);
    if (instance !== null && this.#fits(instance)) this.#instances.set(instance.id, instance);
  }

  /** Null for what is not right below the service's node. */
  #idOf(path: string): string | null {
    if (!path.startsWith(this.#prefix)) return null;
    const id = path.slice(this.#prefix.length);
    return id.includes("/") ? null : id;
  }

  #changeSince(before: ReadonlyMap<string, Instance>): InstanceChange | null {
    const { instances } = this;
    const added = instances.filter(({ id }) => !before.has(id));
    const changed = instances.filter(({ id, revision }) => {
      const old = before.get(id);
      return old !== undefined && old.revision !== revision;
    });
    const removed = [...before.values()].filter(({ id }) => !this.#instances.has(id));
    if (added.length + changed.length + removed.length === 0) return null;
    return { instances, added, changed, removed };
  }
}
