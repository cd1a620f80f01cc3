import { bytesOfAcl } from "./acl.ts";
import type { Acl } from "./acl.ts";
import type { Change, Family } from "./change.ts";
import { EventPage } from "./event-page.ts";
import type { PathKey } from "./event-page.ts";
import { limits } from "./limits.ts";
import type { TreeEvent, WatchToken } from "./types.ts";

/** Bounds of an event history. */
export interface HistoryLimits {
  readonly events: number;
  /**
   * Counts paths, the values that were replaced or deleted, access lists, each once however many events have it, and a
   * fixed share for each event.
   */
  readonly bytes: number;
  /** Counted back from the time of the latest command. `Infinity`: as old as the others let them be. */
  readonly ageMs: number;
}

/** An event as it is kept: its nodes are put together only by `read`. */
export interface KeptEvent extends Pick<TreeEvent, "type" | "path"> {
  /** Of the node; absent where everybody may do everything. */
  readonly acl: Acl | undefined;
  /** The event itself; only before the next one is visited. */
  read(): TreeEvent;
}

const eventOverheadBytes = 256;
const pageEvents = 256;

/** Negative when `a` is before `b`. */
export function compareTokens(a: WatchToken, b: WatchToken): number {
  return a.revision - b.revision || a.ordinal - b.ordinal;
}

/** One slot of a page at a time. */
class Cursor implements KeptEvent {
  page: EventPage;
  slot = 0;

  constructor(page: EventPage) {
    this.page = page;
  }

  get type(): TreeEvent["type"] {
    return this.page.type(this.slot);
  }

  get path(): string {
    return this.page.path(this.slot);
  }

  get acl(): Acl | undefined {
    return this.page.acl(this.slot);
  }

  read(): TreeEvent {
    return this.page.read(this.slot);
  }
}

/** The latest events in order, bounded by count, bytes and age. What falls out moves the floor. */
export class EventHistory {
  readonly #limits: HistoryLimits;
  /** Event number `n`, counted from the first of the first page, is in slot `n % pageEvents` of its page. */
  #pages: EventPage[] = [];
  /** Numbers of the first event kept and of the next to come. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** How many of the events have an access list. */
  readonly #lists: Map<Acl, number> = new Map();
  #floorRevision: number;
  #floorOrdinal: number;

  constructor(bounds: Partial<HistoryLimits> = {}, floor: WatchToken = { revision: 0, ordinal: 0 }) {
    this.#limits = {
      events: bounds.events ?? limits.historyEvents,
      bytes: bounds.bytes ?? limits.historyBytes,
      ageMs: bounds.ageMs ?? Number.POSITIVE_INFINITY,
    };
    this.#floorRevision = floor.revision;
    this.#floorOrdinal = floor.ordinal;
  }

  /** The last event that is gone; a token before it is a gap. */
  get floor(): WatchToken {
    return { revision: this.#floorRevision, ordinal: this.#floorOrdinal };
  }

  /** Events kept. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Adds the events of one command, in order, all after those kept. */
  append(events: readonly Change[]): void {
    for (const event of events) this.#push(event);
    const { events: most, bytes } = this.#limits;
    while (this.size > most || (this.#bytes > bytes && this.size > 0)) this.#drop();
  }

  /** Forgets everything; every token before `floor` is a gap from now on. */
  reset(floor: WatchToken): void {
    this.#pages = [];
    this.#lists.clear();
    this.#first = 0;
    this.#next = 0;
    this.#bytes = 0;
    this.#floorRevision = floor.revision;
    this.#floorOrdinal = floor.ordinal;
  }

  /**
   * The events after the token, oldest first, at most `limit` (default all); pass the last one as the next token.
   * `"gap"` when some of them are gone. A token ahead of the last event gives none.
   */
  since(token: WatchToken, limit: number = Number.MAX_SAFE_INTEGER): TreeEvent[] | "gap" {
    const found: TreeEvent[] = [];
    const last = this.visit(token, limit, (event) => found.push(event.read()) > 0);
    return last === "gap" ? last : found;
  }

  /**
   * Calls `visit` with the events after the token, oldest first, `limit` of them at most, until it returns false: the
   * one for which it does counts as not visited. The place of the last that was; null when none was; `"gap"` when some
   * are gone.
   */
  visit(token: WatchToken, limit: number, visit: (event: KeptEvent) => boolean): WatchToken | "gap" | null {
    if (compareTokens(token, this.floor) < 0) return "gap";
    const start = this.#firstAfter(token);
    const end = Math.min(this.#next, start + limit);
    const cursor = new Cursor(this.#page(start) ?? new EventPage(0));
    let number = start;
    for (; number < end; number += 1) {
      cursor.page = this.#page(number) ?? cursor.page;
      cursor.slot = number % pageEvents;
      if (!visit(cursor)) break;
    }
    if (number === start) return null;
    const last = this.#page(number - 1);
    const slot = (number - 1) % pageEvents;
    return last === undefined ? null : { revision: last.revision(slot), ordinal: last.ordinal(slot) };
  }

  /** Forgets what is too old at `nowMs`, the time of the command that is applied. */
  age(nowMs: number): void {
    const oldestMs = nowMs - this.#limits.ageMs;
    while (this.size > 0 && (this.#page(this.#first)?.timeMs(this.#first % pageEvents) ?? nowMs) < oldestMs) {
      this.#drop();
    }
  }

  /** The first change of a node after a revision. */
  firstChange(key: PathKey, revision: number): Change | null {
    for (let number = this.#firstSince(revision); number < this.#next; number += 1) {
      const page = this.#page(number);
      const slot = number % pageEvents;
      if (page?.isOf(slot, key) === true) return page.read(slot);
    }
    return null;
  }

  /** The first child that came or went after a revision: when, and what its parent said before. */
  firstChildChange(
    key: PathKey,
    revision: number,
  ): { readonly token: WatchToken; readonly family: Family } | null {
    for (let number = this.#firstSince(revision); number < this.#next; number += 1) {
      const page = this.#page(number);
      const slot = number % pageEvents;
      if (page?.isOfChild(slot, key) !== true) continue;
      return {
        token: { revision: page.revision(slot), ordinal: page.ordinal(slot) },
        family: page.family(slot),
      };
    }
    return null;
  }

  /** Calls `visit` with the path of every child that was there at a revision and went later. */
  goneChildren(key: PathKey, revision: number, visit: (path: string) => void): void {
    for (let number = this.#firstSince(revision); number < this.#next; number += 1) {
      const page = this.#page(number);
      const slot = number % pageEvents;
      if (page?.isGone(slot, revision) === true && page.isOfChild(slot, key)) visit(page.path(slot));
    }
  }

  /** The last changes of a node before a token (null: of all), latest first, at most `limit`. */
  lastChanges(key: PathKey, before: WatchToken | null, limit: number): Change[] {
    const found: Change[] = [];
    const end = before === null ? this.#next : this.#firstAfter({ ...before, ordinal: before.ordinal - 1 });
    for (let number = end - 1; number >= this.#first && found.length < limit; number -= 1) {
      const page = this.#page(number);
      const slot = number % pageEvents;
      if (page?.isOf(slot, key) === true) found.push(page.read(slot));
    }
    return found;
  }

  /** The access lists that the node at a path had at its changes, but for open ones. */
  aclsOf(key: PathKey): ReadonlySet<Acl> {
    const found = new Set<Acl>();
    for (let number = this.#first; number < this.#next; number += 1) {
      const page = this.#page(number);
      const acl = page?.acl(number % pageEvents);
      if (acl !== undefined && page?.isOf(number % pageEvents, key) === true) found.add(acl);
    }
    return found;
  }

  #firstSince(revision: number): number {
    return this.#firstAfter({ revision, ordinal: Number.MAX_SAFE_INTEGER });
  }

  #page(number: number): EventPage | undefined {
    return this.#pages[Math.floor(number / pageEvents)];
  }

  #push(event: Change): void {
    const slot = this.#next % pageEvents;
    if (slot === 0) this.#pages.push(new EventPage(pageEvents));
    const page = this.#page(this.#next);
    if (page === undefined) return;
    page.write(slot, event);
    this.#next += 1;
    this.#bytes += this.#cost(page, slot);
    if (event.acl !== undefined) this.#countList(event.acl, 1);
  }

  #cost(page: EventPage, slot: number): number {
    return eventOverheadBytes + page.path(slot).length * 2 + page.valueBytes(slot);
  }

  #countList(acl: Acl, by: 1 | -1): void {
    const before = this.#lists.get(acl) ?? 0;
    if (before + by === 0) this.#lists.delete(acl);
    else this.#lists.set(acl, before + by);
    if (before === 0 || before + by === 0) this.#bytes += by * bytesOfAcl(acl);
  }

  #firstAfter(token: WatchToken): number {
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const page = this.#page(middle);
      const slot = middle % pageEvents;
      if (page === undefined || this.#isAfter(page, slot, token)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isAfter(page: EventPage, slot: number, { revision, ordinal }: WatchToken): boolean {
    const found = page.revision(slot);
    return found > revision || (found === revision && page.ordinal(slot) > ordinal);
  }

  #drop(): void {
    const page = this.#page(this.#first);
    if (page === undefined) return;
    const slot = this.#first % pageEvents;
    this.#bytes -= this.#cost(page, slot);
    const acl = page.acl(slot);
    if (acl !== undefined) this.#countList(acl, -1);
    this.#floorRevision = page.revision(slot);
    this.#floorOrdinal = page.ordinal(slot);
    page.drop(slot);
    this.#first += 1;
    if (slot < pageEvents - 1) return;
    this.#pages.shift();
    this.#first -= pageEvents;
    this.#next -= pageEvents;
  }
}
