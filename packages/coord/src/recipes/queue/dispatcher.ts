import { FlotillaError, type Timer } from "@flotilla/runtime";
import type { MultiItem, Session, Watch, WatchEvent } from "../../client/api.ts";
import { nextTurn } from "../next-turn.ts";
import { isNoRoom } from "../no-room.ts";
import { Rest } from "../rest.ts";
import { ignoreTyped } from "../run-held.ts";
import { type Calls, patient } from "../patient.ts";
import { Wake } from "../wake.ts";
import type { Held } from "../api.ts";
import { LogTime } from "./log-time.ts";
import { burial, type QueuePlaces } from "./places.ts";
import { type Assignment, Shelf, type ShelfItem } from "./shelf.ts";

/** Items handed out by one command: two operations each, and one for each taker. */
const maxAtOnce = 200;
/** How early the time of the log is asked for at the soonest, so that it is not asked for without an end, ms. */
const minPauseMs = 5;

/** Why a command was not done. */
interface Refusal {
  /** Which of the items was refused. */
  readonly at: number;
  /** There is no room for now: nothing is said of what it was for. */
  readonly isFull: boolean;
}

/**
 * Hands out the items of a queue, while its place is held: one at a time does, so that takers need not run after the same
 * items. What it does is decided by the tree all the same: an item has one claim, whoever makes it.
 */
export class Dispatcher {
  readonly #session: Session;
  readonly #places: QueuePlaces;
  readonly #maxDeliveries: number;
  readonly #held: Held;
  readonly #calls: Calls;
  readonly #shelf: Shelf;
  readonly #time: LogTime;
  readonly #wake = new Wake();
  /** For want of room: from handing out, from burying, from asking for the time. */
  readonly #rests: { readonly giving: Rest; readonly burying: Rest; readonly asking: Rest };
  #due: Timer | null = null;

  constructor(session: Session, places: QueuePlaces, maxDeliveries: number, held: Held) {
    this.#session = session;
    this.#places = places;
    this.#maxDeliveries = maxDeliveries;
    this.#held = held;
    this.#calls = patient(session, held.signal);
    this.#shelf = new Shelf(places);
    this.#time = new LogTime(session.clock);
    const rest = (): Rest => new Rest(session.clock, this.#wake);
    this.#rests = { giving: rest(), burying: rest(), asking: rest() };
  }

  /** Until the place is lost; rejects with why. */
  async run(): Promise<never> {
    const watches: Watch[] = [];
    const follow = async (
      path: string,
      values: boolean,
      take: (event: WatchEvent) => void,
    ): Promise<void> => {
      const watch = await this.#calls.watch(path, { kind: "recursive", initial: true, values });
      watches.push(watch);
      const events = watch[Symbol.asyncIterator]();
      const take1 = (event: WatchEvent): void => {
        this.#seeTime(event);
        // There may be room now.
        if (event.type === "deleted") this.#rests.giving.cancel();
        take(event);
        this.#wake.notify();
      };
      const first = await events.next();
      if (first.done !== true) take1(first.value);
      void this.#follow(events, take1).catch(ignoreTyped);
    };
    try {
      // Takers first: an item that is seen to be taken is never taken by somebody unheard of for good.
      await follow(this.#places.takers, true, (event) => this.#shelf.takerEvent(event));
      await follow(this.#places.items, false, (event) => this.#shelf.itemEvent(event));
      for (;;) {
        await this.#wake.next(this.#held.signal);
        await this.#allTold();
        await this.#reclaim();
        await this.#handOut();
        this.#armDue();
      }
    } finally {
      this.#due?.cancel();
      for (const rest of Object.values(this.#rests)) rest.cancel();
      for (const watch of watches) void watch.close();
    }
  }

  async #follow(events: AsyncIterator<WatchEvent>, take: (event: WatchEvent) => void): Promise<void> {
    for (let next = await events.next(); next.done !== true; next = await events.next()) take(next.value);
  }

  #seeTime(event: WatchEvent): void {
    if (event.type !== "snapshot") {
      if (event.node !== null) this.#time.see(event.node.stat);
    } else for (const { node } of event.nodes) this.#time.see(node.stat);
  }

  /** What came in the same go is one piece of news: an item that is done leaves in two events, its claim first. */
  async #allTold(): Promise<void> {
    await nextTurn(this.#session);
    this.#held.signal.throwIfAborted();
  }

  async #handOut(): Promise<void> {
    let most = maxAtOnce;
    while (!this.#rests.giving.isOn) {
      await this.#allTold();
      const assigned = this.#shelf.assign(most, this.#time.knownMs);
      if (assigned.length === 0) return;
      const takers = [...new Set(assigned.map(({ taker }) => taker))];
      const claims = assigned.flatMap((each): MultiItem[] => [
        { type: "check", path: this.#pathOf(each.item), if: { children: 0 } },
        { type: "create", path: this.#claimOf(each) },
      ]);
      const items = [...takers.map((taker) => this.#lives(taker, true)), ...claims];
      const refusal = await this.#attempt(items);
      if (refusal === null) continue;
      const at = Math.floor((refusal.at - takers.length) / 2);
      if (refusal.isFull) {
        for (const each of assigned) this.#shelf.putBack(each);
        // For those before it there was room.
        if (at > 0) most = at;
        else this.#rests.giving.begin();
        continue;
      }
      const taker = takers[refusal.at];
      if (taker !== undefined) this.#shelf.doubtTaker(taker);
      const doubted = assigned[at];
      if (doubted !== undefined) this.#shelf.doubtItem(doubted);
      for (const each of assigned) if (each !== doubted) this.#shelf.putBack(each);
    }
  }

  /** Takes back what takers had that are gone; what became of it is told by the watch. */
  async #reclaim(): Promise<void> {
    const abandoned = this.#shelf.abandoned();
    const isOver = ({ item }: Assignment): boolean => item.deliveries >= this.#maxDeliveries;
    for (const each of abandoned.filter(isOver)) {
      if (this.#rests.burying.isOn) break;
      const node = await this.#calls.get(this.#pathOf(each.item));
      if (node === null) this.#shelf.doubtItem(each);
      else await this.#takeBack([each], burial(this.#places, each.item.name, node.value));
    }
    const returning = abandoned.filter((each) => !isOver(each));
    for (const taker of new Set(returning.map((each) => each.taker))) {
      const own = returning.filter((each) => each.taker === taker);
      for (let at = 0; at < own.length; at += maxAtOnce) await this.#giveBack(own.slice(at, at + maxAtOnce));
    }
  }

  /** Of one taker. */
  async #giveBack(items: readonly Assignment[]): Promise<void> {
    const claims = items.map((each) => ({ type: "delete", path: this.#claimOf(each) }) as const);
    if ((await this.#takeBack(items, claims)) || items.length === 1) return;
    // One of them was in the way.
    for (const [at, each] of items.entries()) await this.#takeBack([each], claims.slice(at, at + 1));
  }

  /** Whether it was done. A taker that lives after all, of whom the watch has yet to tell, keeps what it has. */
  async #takeBack(of: readonly Assignment[], items: readonly MultiItem[]): Promise<boolean> {
    const [first] = of;
    if (first === undefined) return true;
    const claims = of.map((each): MultiItem => ({ type: "check", path: this.#claimOf(each), exists: true }));
    const refusal = await this.#attempt([this.#lives(first.taker, false), ...claims, ...items]);
    if (refusal?.isFull === true) this.#rests.burying.begin();
    else if (refusal === null || (refusal.at > 0 && of.length === 1))
      for (const each of of) this.#shelf.doubtItem(each);
    return refusal === null;
  }

  #pathOf({ name }: ShelfItem): string {
    return `${this.#places.items}/${name}`;
  }

  #claimOf({ item, taker }: Assignment): string {
    return `${this.#pathOf(item)}/${taker}`;
  }

  #lives(taker: string, exists: boolean): MultiItem {
    return { type: "check", path: `${this.#places.takers}/${taker}`, exists };
  }

  /**
   * Null when it was done.
   * @throws the reason when the place is lost
   */
  async #attempt(items: readonly MultiItem[]): Promise<Refusal | null> {
    const { fence } = this.#held;
    try {
      const done = await this.#calls.multi([{ type: "check", ...fence }, ...items]);
      for (const { stat } of done.results) if (stat !== null) this.#time.see(stat);
      return null;
    } catch (error) {
      this.#held.signal.throwIfAborted();
      if (!FlotillaError.is(error)) throw error;
      const { failed } = error.details;
      if (typeof failed !== "number" || failed === 0) throw error;
      return { at: failed - 1, isFull: isNoRoom(error) };
    }
  }

  /** Asks for the time once the next item is probably due. */
  #armDue(): void {
    this.#due?.cancel();
    const next = this.#shelf.nextDueMs;
    // What is put back for want of room is due already.
    if (next === null || this.#rests.giving.isOn || this.#rests.asking.isOn) return;
    const pauseMs = Math.max(minPauseMs, this.#time.untilMs(next));
    this.#due = this.#session.clock.setTimer(pauseMs, () => void this.#askTime().catch(ignoreTyped));
  }

  async #askTime(): Promise<void> {
    const refusal = await this.#attempt([{ type: "put", path: this.#places.clock, value: "" }]);
    if (refusal !== null) this.#rests.asking.begin();
    else this.#wake.notify();
  }
}
