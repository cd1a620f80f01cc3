import type { Watch, WatchBookmark, WatchEvent } from "./api.ts";
import type { Namespace } from "./namespace.ts";
import type { WatchPosition } from "./watch-api.ts";

type Told = WatchEvent | WatchBookmark;

/** A watch whose events name paths below a root. */
export class NamespacedWatch implements Watch<Told> {
  readonly #watch: Watch<Told>;
  readonly #space: Namespace;
  readonly #path: string;

  /** @param path what is watched, below the root */
  constructor(watch: Watch<Told>, space: Namespace, path: string) {
    this.#watch = watch;
    this.#space = space;
    this.#path = path;
  }

  get token(): WatchPosition {
    return this.#watch.token;
  }

  close(): Promise<void> {
    return this.#watch.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Told, undefined> {
    const events = this.#watch[Symbol.asyncIterator]();
    return {
      next: async () => {
        try {
          const next = await events.next();
          return next.done === true ? { done: true, value: undefined } : { value: this.#inner(next.value) };
        } catch (error) {
          throw this.#space.retold(error, this.#path);
        }
      },
      return: async () => {
        await events.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  #inner(event: Told): Told {
    switch (event.type) {
      case "bookmark":
        return event;
      case "snapshot": {
        const nodes = event.nodes.map(({ path, node }) => ({ path: this.#space.inner(path), node }));
        return { ...event, nodes };
      }
      default:
        return { ...event, path: this.#space.inner(event.path) };
    }
  }
}
