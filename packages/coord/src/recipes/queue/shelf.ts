import type { Node } from "@flotilla/kv";
import { Heap } from "@flotilla/runtime";
import type { WatchEvent } from "../../client/api.ts";
import { type QueuePlaces, readItemName, readWants } from "./places.ts";

/** An item as who hands out sees it. */
export interface ShelfItem {
  readonly name: string;
  readonly rank: number;
  readonly number: number;
  /** By the time of the log. */
  readonly dueMs: number;
  /** How many takers have had it. */
  deliveries: number;
  /** Who has it, or is being given it. */
  taker: string | null;
  /** Stands in one of the heaps. */
  isQueued: boolean;
}

/** An item for a taker. */
export interface Assignment {
  readonly item: ShelfItem;
  readonly taker: string;
}

/** What is in a queue and who wants it, kept up to date by two watches. */
export class Shelf {
  readonly #places: QueuePlaces;
  #items = new Map<string, ShelfItem>();
  #takers = new Map<string, number>();
  #held = new Map<string, Set<ShelfItem>>();
  #ready = new Heap<ShelfItem>(goesBefore);
  #delayed = new Heap<ShelfItem>((a, b) => a.dueMs < b.dueMs);

  constructor(places: QueuePlaces) {
    this.#places = places;
  }

  /** When the next item is due that is not yet; null when there is none. */
  get nextDueMs(): number | null {
    return this.#delayed.first?.dueMs ?? null;
  }

  /** Takes in what the watch of the items tells. */
  itemEvent(event: WatchEvent): void {
    const below = this.#places.items.length + 1;
    if (event.type === "snapshot") {
      this.#clear();
      const nodes = event.nodes.map(({ path, node }) => ({ parts: path.slice(below).split("/"), node }));
      for (const { parts, node } of nodes) if (parts.length === 1) this.#add(parts[0] ?? "", node);
      for (const { parts } of nodes) if (parts.length === 2) this.#claimed(parts[0] ?? "", parts[1] ?? "");
      return;
    }
    const [name = "", taker] = event.path.slice(below).split("/");
    if (taker === undefined) {
      if (event.type === "deleted") this.#remove(name);
      else if (event.type === "created" && event.node !== null) this.#add(name, event.node);
      return;
    }
    const item = this.#items.get(name);
    if (item === undefined) return;
    if (event.type === "created") {
      item.deliveries += 1;
      this.#claimed(name, taker);
    } else if (event.type === "deleted" && (item.taker === taker || item.taker === null)) this.#free(item);
  }

  /** Takes in what the watch of the takers tells. */
  takerEvent(event: WatchEvent): void {
    const below = this.#places.takers.length + 1;
    if (event.type === "snapshot") {
      this.#takers = new Map();
      for (const { path, node } of event.nodes) this.#wants(path.slice(below), node);
    } else if (event.type === "deleted") this.#takers.delete(event.path.slice(below));
    else this.#wants(event.path.slice(below), event.node);
  }

  /** Gives items to who wants some, in order; they count as taken from now on. */
  assign(most: number, nowMs: number): Assignment[] {
    this.#ripen(nowMs);
    const free = [...this.#takers].flatMap(([taker, wants]) => {
      const room = wants - (this.#held.get(taker)?.size ?? 0);
      return room > 0 ? [{ taker, room }] : [];
    });
    const found: Assignment[] = [];
    for (let turn = 0; found.length < most && free.length > 0; turn += 1) {
      const at = turn % free.length;
      const lane = free[at];
      const item = this.#next();
      if (lane === undefined || item === null) break;
      found.push({ item, taker: lane.taker });
      this.#give(item, lane.taker);
      lane.room -= 1;
      if (lane.room === 0) free.splice(at, 1);
    }
    return found;
  }

  /** It is not that taker's any more. */
  putBack({ item, taker }: Assignment): void {
    if (item.taker === taker) this.#free(item);
  }

  /** Not as it was thought to be: left alone until a watch tells of it. */
  doubtItem({ item, taker }: Assignment): void {
    if (item.taker !== taker) return;
    this.#held.get(taker)?.delete(item);
    item.taker = null;
  }

  doubtTaker(taker: string): void {
    this.#takers.delete(taker);
  }

  /** Items of takers that are gone. */
  abandoned(): Assignment[] {
    const gone = [...this.#held].filter(([taker]) => !this.#takers.has(taker));
    for (const [taker, { size }] of gone) if (size === 0) this.#held.delete(taker);
    return gone.flatMap(([taker, items]) => [...items].map((item) => ({ item, taker })));
  }

  #clear(): void {
    this.#items = new Map();
    this.#held = new Map();
    this.#ready = new Heap<ShelfItem>(goesBefore);
    this.#delayed = new Heap<ShelfItem>((a, b) => a.dueMs < b.dueMs);
  }

  #add(name: string, { stat }: Node): void {
    const read = readItemName(name);
    if (read === null) return;
    const { rank, number, delayMs } = read;
    const dueMs = delayMs === 0 ? 0 : stat.ctimeMs + delayMs;
    const deliveries = (stat.cversion + stat.numChildren) / 2;
    const item = { name, rank, number, dueMs, deliveries, taker: null, isQueued: false };
    this.#items.set(name, item);
    this.#queue(item);
  }

  #remove(name: string): void {
    const item = this.#items.get(name);
    if (item === undefined) return;
    this.#items.delete(name);
    if (item.taker !== null) this.#held.get(item.taker)?.delete(item);
  }

  #claimed(name: string, taker: string): void {
    const item = this.#items.get(name);
    if (item === undefined) return;
    if (item.taker !== null) this.#held.get(item.taker)?.delete(item);
    this.#give(item, taker);
  }

  #give(item: ShelfItem, taker: string): void {
    item.taker = taker;
    const held = this.#held.get(taker) ?? new Set();
    held.add(item);
    this.#held.set(taker, held);
  }

  #free(item: ShelfItem): void {
    if (item.taker !== null) this.#held.get(item.taker)?.delete(item);
    item.taker = null;
    if (this.#items.get(item.name) === item) this.#queue(item);
  }

  #wants(taker: string, node: Node | null): void {
    const wants = node === null ? null : readWants(node.value);
    if (taker !== "" && wants !== null) this.#takers.set(taker, wants);
  }

  #queue(item: ShelfItem): void {
    if (item.isQueued) return;
    item.isQueued = true;
    if (item.dueMs > 0) this.#delayed.push(item);
    else this.#ready.push(item);
  }

  #ripen(nowMs: number): void {
    for (let first = this.#delayed.first; first !== undefined && first.dueMs <= nowMs;) {
      this.#delayed.shift();
      this.#ready.push(first);
      first = this.#delayed.first;
    }
  }

  /** What left the queue or was taken meanwhile is passed over. */
  #next(): ShelfItem | null {
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      item.isQueued = false;
      if (item.taker === null && this.#items.get(item.name) === item) return item;
    }
    return null;
  }
}

function goesBefore(a: ShelfItem, b: ShelfItem): boolean {
  return a.rank === b.rank ? a.number < b.number : a.rank < b.rank;
}
