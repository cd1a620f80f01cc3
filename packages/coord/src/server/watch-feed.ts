import type {
  Acl,
  BudgetExcess,
  BudgetReport,
  Identity,
  Machine,
  TreeEvent,
  WatchKind,
  WatchTable,
  WatchToken,
} from "@flotilla/kv";
import { compareTokens } from "@flotilla/kv";
import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { SnapshotReason } from "../client/api.ts";
import type { ServerMessage, ToldEvent, WatchSpec } from "../wire/messages.ts";
import { wireBounds } from "../wire/bounds.ts";
import { outsideHistory } from "../wire/messages.ts";
import { mayRead } from "./answers.ts";
import { nextPiece } from "./catch-up.ts";
import { EventFilter } from "./event-filter.ts";
import { MarkRound } from "./mark-round.ts";
import { firstPage, ScopePages } from "./pages.ts";
import type { Stint } from "./stint.ts";

/** One watch of one session. */
export interface LocalWatch {
  readonly id: number;
  readonly path: string;
  readonly kind: WatchKind;
  readonly feed: WatchFeed;
  /** Null: it wants everything. */
  readonly filter: EventFilter | null;
  /** The last place its client heard of. */
  told: WatchToken;
  /** For one that wants bookmarks at times, too. */
  bookmarks: Timer | null;
  /** The history its token counts in. */
  historyId: string;
  /** Everything up to here was told or is not wanted. Exact only while the watch is behind. */
  token: WatchToken;
  /** Its client did not take what was told while it was live. */
  slow: boolean;
  /** A snapshot under way. */
  pages: ScopePages | null;
  /** What the command being applied changed. */
  batch: TreeEvent[];
}

/** Events as some watches are told of them. */
interface News {
  readonly previous: boolean;
  readonly events: readonly ToldEvent[];
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
  readonly clock: Pick<Clock, "setTimer">;
  readonly stint: Pick<Stint, "queue">;
  readonly historyId: () => string;
  /** Hears of a bound that a watch goes beyond, or is refused by. Default: nobody. */
  readonly onExcess?: (report: BudgetReport) => void;
  /** Who the client was found to be. Default: nobody in particular. */
  readonly identities?: () => readonly Identity[];
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
  /** Those that are armed once a write is applied, and what to do when their client gives them up. */
  readonly #awaited = new Map<number, () => void>();
  /** Of those that are expected: they stood before. */
  readonly #goingOn = new Set<number>();
  /** The watch of this id stood before, if it comes next. */
  #announced: number | null = null;
  readonly #marks: MarkRound<LocalWatch>;

  constructor(options: WatchFeedOptions) {
    this.#options = options;
    this.#marks = new MarkRound(
      options.stint,
      () => this.#watches.values(),
      (watch) => this.#bookmark(watch),
    );
  }

  /** Whether the client may see a node with this access list. */
  mayRead(acl: Acl | undefined): boolean {
    return acl === undefined || mayRead(acl, this.#options.identities?.() ?? []);
  }

  get isBehind(): boolean {
    return this.#behind.size > 0;
  }

  /**
   * One will be admitted, unless it is disarmed before.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT`
   */
  expect(id: number): void {
    const isKnown = this.#watches.has(id) || this.#awaited.has(id);
    if (isKnown || this.#watches.size + this.#awaited.size >= wireBounds.watches)
      throw new FlotillaError("ERR_FLOTILLA_LIMIT", "too many watches, or two with the same id");
    this.#awaited.set(id, () => {});
    if (id === this.#announced) this.#goingOn.add(id);
    this.#announced = null;
  }

  /** How many are expected. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** Names what to do when one that is expected still is given up. */
  onGivenUp(id: number, drop: () => void): void {
    if (this.#awaited.has(id)) this.#awaited.set(id, drop);
  }

  /** Whether the one that was expected is wanted still; nothing is expected of it from here on. */
  expected(id: number): boolean {
    return this.#awaited.delete(id);
  }

  /** As `arm`, unless it is a new one that a budget leaves no room for at this server: then its client is told so. */
  admit(spec: WatchSpec): void {
    if (this.#goingOn.delete(spec.id) && spec.from !== null) {
      this.arm(spec);
      return;
    }
    const refusing = this.#excess(spec, "hard");
    if (refusing !== null) {
      this.#options.port.send({ type: "watch-refused", id: spec.id, excess: refusing });
      return;
    }
    this.#excess(spec, "soft");
    this.arm(spec);
  }

  /** Arms a watch with a good path, as of now or after its token. */
  arm(spec: WatchSpec): void {
    const { machine, port } = this.#options;
    const { id, path, kind, wants } = spec;
    const historyId = this.#options.historyId();
    const from = spec.from ?? { ...machine.token, historyId };
    const watch: LocalWatch = {
      id,
      path,
      kind,
      feed: this,
      filter: wants === null ? null : new EventFilter(path, wants),
      told: from,
      bookmarks: this.#bookmarkLater(id, wants?.bookmarkMs ?? null),
      historyId: from.historyId,
      token: { revision: from.revision, ordinal: from.ordinal },
      slow: false,
      pages: null,
      batch: [],
    };
    this.#watches.set(id, watch);
    this.#options.table.add(watch, path, kind);
    port.send({ type: "armed", id, token: from });
    if (from.historyId !== historyId) this.#startSnapshot(watch);
    else if (spec.from !== null) this.#fallBehind(watch);
  }

  /** Of one that is unknown: the watch of this id, if it comes next, stood before. */
  disarm(id: number): void {
    this.#awaited.get(id)?.();
    const isAwaited = this.#awaited.delete(id);
    this.#goingOn.delete(id);
    const watch = this.#watches.get(id);
    this.#announced = watch === undefined && !isAwaited ? id : null;
    if (watch === undefined) return;
    this.#watches.delete(id);
    this.#behind.delete(watch);
    watch.bookmarks?.cancel();
    this.#options.table.remove(watch);
  }

  disarmAll(): void {
    for (const id of this.#watches.keys()) this.disarm(id);
  }

  /**
   * Tells each watch where it stands, in turns to come, after many changes: history will forget where it was told of
   * last. One that is behind, or whose client is slow, is not.
   */
  bookmark(): void {
    if (this.#watches.size > 0) this.#marks.start();
  }

  /** Tells what the command that was just applied changed; watches in a row that are told the same, at once. */
  deliver(watches: readonly LocalWatch[]): void {
    let news: News | null = null;
    let told: LocalWatch[] = [];
    for (const watch of watches) {
      const events = this.#undelivered(watch);
      if (events.length === 0) continue;
      const own = newsFor(watch, events);
      if (news === null || !isSame(news, own)) {
        if (news !== null) this.#send(told, news);
        news = own;
        told = [];
      }
      told.push(watch);
    }
    if (news !== null) this.#send(told, news);
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

  /** A bound that one more watch would go beyond; reported. */
  #excess({ path }: WatchSpec, bound: BudgetReport["bound"]): BudgetExcess | null {
    const { machine, table, onExcess } = this.#options;
    const excess = machine.budgets.excessOfWatch(path, bound, (top) => table.within(top));
    if (excess !== null) onExcess?.({ ...excess, bound });
    return excess;
  }

  #fallBehind(watch: LocalWatch): void {
    this.#behind.add(watch);
    this.#options.port.wake();
  }

  #bookmarkLater(id: number, everyMs: number | null): Timer | null {
    if (everyMs === null) return null;
    return this.#options.clock.setTimer(everyMs, () => {
      const watch = this.#watches.get(id);
      if (watch === undefined) return;
      watch.bookmarks = this.#bookmarkLater(id, everyMs);
      this.#bookmark(watch);
    });
  }

  #bookmark(watch: LocalWatch): void {
    const { id, told } = watch;
    const { machine, port } = this.#options;
    if (this.#behind.has(watch) || port.isBlocked) return;
    const { token } = machine;
    if (compareTokens(token, told) <= 0) return;
    watch.told = token;
    port.send({ type: "bookmark", id, token: { ...token, historyId: this.#options.historyId() } });
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
    const piece = nextPiece(this.#options.machine, watch.token, watch);
    if (piece === "gap") {
      this.#startSnapshot(watch);
      return true;
    }
    const { events, last } = piece;
    if (last === null) {
      watch.slow = false;
      if (watch.bookmarks !== null) this.#bookmark(watch);
      return false;
    }
    if (events.length > 0) this.#sendEvents([watch], isWithPrevious(watch), events);
    watch.token = last;
    return true;
  }

  #sendPage(watch: LocalWatch, pages: ScopePages): void {
    const { entries, last } = pages.next();
    const readable = entries.filter(({ acl }) => this.mayRead(acl));
    const nodes = watch.filter === null ? readable : watch.filter.entries(readable);
    const historyId = this.#options.historyId();
    if (nodes.length > 0 || last) {
      const { revision } = pages.token;
      const reason = this.#reason(watch, historyId);
      this.#options.port.send({ type: "snapshot", id: watch.id, revision, historyId, reason, nodes, last });
    }
    if (!last) return;
    watch.pages = null;
    watch.historyId = historyId;
    watch.token = pages.token;
    watch.told = pages.token;
  }

  #reason({ historyId, slow }: LocalWatch, present: string): SnapshotReason {
    if (historyId === outsideHistory.historyId) return "asked";
    if (historyId !== present) return "other-history";
    return slow ? "fell-behind" : "compacted";
  }

  /** What a watch is to be told at once of its batch: nothing when it is behind, or falls behind. */
  #undelivered(watch: LocalWatch): readonly TreeEvent[] {
    const events = watch.batch.filter((event) => compareTokens(event, watch.token) > 0);
    watch.batch = [];
    const first = events[0];
    if (first === undefined) return [];
    const { isBlocked } = this.#options.port;
    if (isBlocked) watch.slow = true;
    if (this.#behind.has(watch)) return [];
    if (!isBlocked) return events;
    this.#options.probe("watch-slow");
    watch.token = later(watch.token, before(first));
    this.#fallBehind(watch);
    return [];
  }

  /** Page by page, until the client is slow: the rest is told from history. */
  #send(watches: readonly LocalWatch[], { previous, events }: News): void {
    let rest = events;
    for (let next = rest[0]; next !== undefined; next = rest[0]) {
      if (this.#options.port.isBlocked) {
        this.#options.probe("watch-cut-short");
        for (const watch of watches) this.#cutShort(watch, rest === events ? before(next) : watch.told);
        return;
      }
      const page = firstPage(rest, previous ? "all" : "after");
      this.#sendEvents(watches, previous, page);
      rest = rest.slice(page.length);
    }
  }

  #cutShort(watch: LocalWatch, at: WatchToken): void {
    watch.slow = true;
    watch.token = later(watch.token, at);
    this.#fallBehind(watch);
  }

  /** One message, which counts as told. */
  #sendEvents(watches: readonly LocalWatch[], previous: boolean, events: readonly ToldEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    for (const watch of watches) watch.told = { revision: last.revision, ordinal: last.ordinal };
    this.#options.port.send({ type: "events", ids: watches.map(({ id }) => id), previous, events });
  }
}

/** Events as a watch wants them. */
function newsFor(watch: LocalWatch, events: readonly TreeEvent[]): News {
  const { filter } = watch;
  const previous = isWithPrevious(watch);
  return { previous, events: filter === null ? events : events.map((event) => filter.told(event)) };
}

function isWithPrevious({ filter }: LocalWatch): boolean {
  return filter?.previous === true;
}

function isSame(a: News, b: News): boolean {
  if (a.previous !== b.previous || a.events.length !== b.events.length) return false;
  return a.events.every((event, position) => event === b.events[position]);
}

/** The latest token that lies before an event and all others of its revision. */
function before(event: WatchToken): WatchToken {
  return { revision: event.revision - 1, ordinal: Number.MAX_SAFE_INTEGER };
}

function later(a: WatchToken, b: WatchToken): WatchToken {
  return compareTokens(a, b) >= 0 ? a : b;
}
