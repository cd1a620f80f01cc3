import type { Machine, TreeEvent, WatchKind, WatchTable, WatchToken } from "@flotilla/kv";
import { compareTokens, matches } from "@flotilla/kv";
import type { ServerMessage, WatchSpec } from "../wire/messages.ts";
import { firstPage, ScopePages } from "./pages.ts";

const eventsPerStep = 256;

/** One watch of one session. */
export interface LocalWatch {
  readonly id: number;
  readonly path: string;
  readonly kind: WatchKind;
  readonly feed: WatchFeed;
  /** Everything up to here was told or is not wanted. Exact only while the watch is behind. */
  token: WatchToken;
  /** A snapshot under way. */
  pages: ScopePages | null;
  /** What the command being applied changed. */
  batch: TreeEvent[];
}

/** Where a feed puts what it tells. */
export interface FeedPort {
  readonly isBlocked: boolean;
  send(message: ServerMessage): void;
  /** The feed fell behind: call `advance` when the client can take more. */
  wake(): void;
}

/** What a feed tells from, and where. */
export interface WatchFeedOptions {
  readonly machine: Machine;
  readonly table: WatchTable<LocalWatch>;
  readonly port: FeedPort;
  readonly historyId: () => string;
  readonly probe: (name: string) => void;
}

/**
 * The watches of one session. A live watch is told at once; one that is behind, because it resumed or its client is
 * slow, is told from history until it is live, or gets a snapshot when history no longer reaches back.
 */
export class WatchFeed {
  readonly #options: WatchFeedOptions;
  readonly #watches = new Map<number, LocalWatch>();
  readonly #behind = new Set<LocalWatch>();

  constructor(options: WatchFeedOptions) {
    this.#options = options;
  }

  /** Watches armed. */
  get size(): number {
    return this.#watches.size;
  }

  get isBehind(): boolean {
    return this.#behind.size > 0;
  }

  has(id: number): boolean {
    return this.#watches.has(id);
  }

  /** Arms a watch with a good path, as of now or after its token. */
  arm(spec: WatchSpec): void {
    const { machine, port } = this.#options;
    const historyId = this.#options.historyId();
    const from = spec.from ?? { ...machine.token, historyId };
    const watch: LocalWatch = {
      id: spec.id,
      path: spec.path,
      kind: spec.kind,
      feed: this,
      token: { revision: from.revision, ordinal: from.ordinal },
      pages: null,
      batch: [],
    };
    this.#watches.set(spec.id, watch);
    this.#options.table.add(watch, spec.path, spec.kind);
    port.send({ type: "armed", id: spec.id, token: from });
    if (from.historyId !== historyId) this.#startSnapshot(watch);
    else if (spec.from !== null) this.#fallBehind(watch);
  }

  disarm(id: number): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    this.#behind.delete(watch);
    this.#options.table.remove(watch);
  }

  disarmAll(): void {
    for (const id of this.#watches.keys()) this.disarm(id);
  }

  /** Tells what the command that was just applied changed. */
  deliver(watch: LocalWatch): void {
    const events = watch.batch.filter((event) => compareTokens(event, watch.token) > 0);
    watch.batch = [];
    const first = events[0];
    if (first === undefined || this.#behind.has(watch)) return;
    if (this.#options.port.isBlocked) {
      this.#options.probe("watch-slow");
      watch.token = later(watch.token, before(first));
      this.#fallBehind(watch);
      return;
    }
    this.#tell(watch, events);
  }

  /** The state was replaced by a snapshot; before that, live watches had been told everything up to `told`. */
  restored(told: WatchToken): void {
    for (const watch of this.#watches.values()) {
      if (!this.#behind.has(watch)) watch.token = later(watch.token, told);
      this.#fallBehind(watch);
    }
  }

  /** Takes one of those behind a step further. */
  advance(): void {
    for (const watch of this.#behind) {
      // To the end of the line: all of them make progress.
      this.#behind.delete(watch);
      if (this.#step(watch)) this.#behind.add(watch);
      return;
    }
  }

  #fallBehind(watch: LocalWatch): void {
    this.#behind.add(watch);
    this.#options.port.wake();
  }

  #startSnapshot(watch: LocalWatch): void {
    this.#options.probe("watch-gap");
    watch.pages = new ScopePages(this.#options.machine, watch.path, watch.kind);
    this.#fallBehind(watch);
  }

  /** False once the watch is live. */
  #step(watch: LocalWatch): boolean {
    if (watch.pages !== null) {
      this.#sendPage(watch, watch.pages);
      return true;
    }
    const events = this.#options.machine.history.since(watch.token, eventsPerStep);
    if (events === "gap") {
      this.#startSnapshot(watch);
      return true;
    }
    const last = events.at(-1);
    if (last === undefined) return false;
    this.#tell(
      watch,
      events.filter((event) => matches(event, watch.path, watch.kind)),
    );
    watch.token = { revision: last.revision, ordinal: last.ordinal };
    return true;
  }

  #sendPage(watch: LocalWatch, pages: ScopePages): void {
    const { entries, last } = pages.next();
    if (entries.length > 0 || last) {
      const { revision } = pages.token;
      const historyId = this.#options.historyId();
      this.#options.port.send({ type: "snapshot", id: watch.id, revision, historyId, nodes: entries, last });
    }
    if (!last) return;
    watch.pages = null;
    watch.token = pages.token;
  }

  #tell(watch: LocalWatch, events: readonly TreeEvent[]): void {
    for (let rest = events; rest.length > 0;) {
      const page = firstPage(rest);
      this.#options.port.send({ type: "events", id: watch.id, events: page });
      rest = rest.slice(page.length);
    }
  }
}

/** The latest token that lies before an event and all others of its revision. */
function before(event: TreeEvent): WatchToken {
  return { revision: event.revision - 1, ordinal: Number.MAX_SAFE_INTEGER };
}

function later(a: WatchToken, b: WatchToken): WatchToken {
  return compareTokens(a, b) >= 0 ? a : b;
}
