import type { Applied, Machine, SessionId, TreeEvent, WatchToken } from "@flotilla/kv";
import { limits, WatchTable } from "@flotilla/kv";
import { isWanted } from "./catch-up.ts";
import type { LocalSession, SessionRegistry } from "./context.ts";
import type { LocalWatch, WatchFeed } from "./watch-feed.ts";

/** Changes after which watches are told where they stand. */
const bookmarkEvents = limits.historyEvents / 10;

/** The sessions at this server, and what each applied command means for them. */
export class SessionHub implements SessionRegistry {
  readonly watches: WatchTable<LocalWatch>;
  readonly #machine: Machine;
  /** Several while a session moves from one channel to another. */
  readonly #sessions = new Map<SessionId, readonly LocalSession[]>();
  /** Live watches were told everything up to here. */
  #told: WatchToken;
  /** Changes since watches were told where they stand. */
  #unmarked = 0;
  /** The floor of history then. */
  #floor = 0;

  constructor(machine: Machine) {
    this.watches = new WatchTable((top) => machine.budgets.get(top)?.budget.watches !== undefined);
    this.#machine = machine;
    this.#told = machine.token;
  }

  /** Sessions attached here. */
  get size(): number {
    return this.#sessions.size;
  }

  add(session: LocalSession): void {
    this.#sessions.set(session.id, [...this.#of(session.id), session]);
  }

  remove(session: LocalSession): void {
    const rest = this.#of(session.id).filter((other) => other !== session);
    if (rest.length === 0) this.#sessions.delete(session.id);
    else this.#sessions.set(session.id, rest);
  }

  /**
   * To be called in the turn of the apply: events first, then answers, then the reads that waited for them.
   * @param secret what an attach gave
   */
  applied(applied: Applied, events: readonly TreeEvent[], secret: Uint8Array | null = null): void {
    if (events.length > 0) this.#tell(events);
    const told = this.#told;
    this.#told = this.#machine.token;
    if (events.length > 0) this.#mark(events.length);
    switch (applied.type) {
      case "expired":
        for (const lease of applied.leases)
          for (const session of this.#of(lease)) session.applied(applied, null);
        return;
      case "history-begun":
        // Live watches have a gap, as after a snapshot.
        for (const session of this.#all()) session.restored(told);
        return;
      case "grace-ended":
      case "feature-level-set":
      case "skipped":
      case "reaped":
        return;
      default:
        for (const session of this.#of(applied.session)) session.applied(applied, secret);
    }
  }

  /** To be called in the turn the state was replaced by a snapshot. */
  restored(): void {
    const told = this.#told;
    this.#told = this.#machine.token;
    for (const session of this.#all()) session.restored(told);
  }

  leaderChanged(): void {
    for (const session of this.#all()) session.leaderChanged();
  }

  /** All of them now: some may end while they are told. */
  #all(): readonly LocalSession[] {
    return [...this.#sessions.values()].flat();
  }

  #of(id: SessionId): readonly LocalSession[] {
    return this.#sessions.get(id) ?? [];
  }

  /** Tells watches where they stand, well before history forgets where they were told of last. */
  #mark(changes: number): void {
    const { history } = this.#machine;
    this.#unmarked += changes;
    if (this.#unmarked < bookmarkEvents) {
      if (this.#unmarked * 2 < history.size || history.size === 0) return;
      if (history.floor.revision === this.#floor) return;
    }
    this.#unmarked = 0;
    this.#floor = history.floor.revision;
    for (const session of this.#all()) session.bookmark();
  }

  #tell(events: readonly TreeEvent[]): void {
    if (this.watches.size === 0) return;
    const touched = new Map<WatchFeed, LocalWatch[]>();
    for (const event of events) {
      this.watches.match(event, (watch) => {
        if (!isWanted(watch, event)) return;
        if (watch.batch.length === 0) add(touched, watch);
        watch.batch.push(event);
      });
    }
    for (const [feed, watches] of touched) feed.deliver(watches);
  }
}

function add(touched: Map<WatchFeed, LocalWatch[]>, watch: LocalWatch): void {
  const own = touched.get(watch.feed);
  if (own === undefined) touched.set(watch.feed, [watch]);
  else own.push(watch);
}
