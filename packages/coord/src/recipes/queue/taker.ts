import type { Session } from "../../client/api.ts";
import type { Codec } from "../../client/codecs.ts";
import { untilBelieved } from "../belief.ts";
import { listen } from "../bounded.ts";
import { requireStaying } from "../parting.ts";
import { patient } from "../patient.ts";
import { ignoreTyped } from "../run-held.ts";
import { endClaim } from "./end-claim.ts";
import { burial, ensurePlaces, type QueuePlaces } from "./places.ts";
import { Stay } from "./stay.ts";
import { type Demand, TakenItem } from "./taken-item.ts";

/** Where one item after the other is worked on. */
export interface Slot {
  /** Its item is over, and it may be long until it wants the next: the tree is told that it wants none. */
  isAway: boolean;
  /** It wants the next one as soon as its item is settled: the tree is told nothing. */
  isReturning: boolean;
}

interface Waiting<T> {
  /** Null for a single item. */
  readonly slot: Slot | null;
  readonly take: (item: TakenItem<T>) => void;
  readonly fail: (error: unknown) => void;
}

/** What the server at hand has is never older than what its watch told. */
const atHand = { level: "local" } as const;

/** All the taking of one handle: who waits here, and which items are here. */
export class Taker<T> {
  readonly #session: Session;
  readonly #places: QueuePlaces;
  readonly #codec: Codec<never, T>;
  readonly #maxDeliveries: number;
  readonly #waiting: Waiting<T>[] = [];
  readonly #items = new Map<string, TakenItem<T>>();
  /** Single items that are waited for or were taken. */
  #once = 0;
  readonly #slots = new Set<Slot>();
  #stay: Stay | null = null;
  #isBeginning = false;

  constructor(session: Session, places: QueuePlaces, codec: Codec<never, T>, maxDeliveries: number) {
    this.#session = session;
    this.#places = places;
    this.#codec = codec;
    this.#maxDeliveries = maxDeliveries;
  }

  /** The next item, of a slot or a single one; rejects with the signal's reason. */
  next(slot: Slot | null, signal: AbortSignal): Promise<TakenItem<T>> {
    signal.throwIfAborted();
    requireStaying(this.#session);
    if (slot !== null) Object.assign(slot, { isAway: false, isReturning: false });
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        stopListening();
        if (slot === null) this.#once -= 1;
        this.#tell();
        reject(error);
      };
      const take = (item: TakenItem<T>): void => {
        stopListening();
        resolve(item);
      };
      const waiting = { slot, take, fail: leave };
      const stopListening = listen(signal, leave);
      this.#waiting.push(waiting);
      if (slot === null) this.#once += 1;
      this.#attend();
    });
  }

  /** One more item at a time from now on, besides single ones. */
  addSlot(): Slot {
    const slot = { isAway: false, isReturning: false };
    this.#slots.add(slot);
    this.#tell();
    return slot;
  }

  removeSlot(slot: Slot): void {
    this.#slots.delete(slot);
    this.#tell();
  }

  get #wanted(): number {
    let wanted = this.#once;
    for (const { isAway } of this.#slots) if (!isAway) wanted += 1;
    return wanted;
  }

  #tell(): void {
    this.#stay?.want(this.#wanted);
  }

  #attend(): void {
    if (this.#stay !== null) this.#tell();
    else if (!this.#isBeginning) void this.#begin();
  }

  async #begin(): Promise<void> {
    this.#isBeginning = true;
    try {
      await ensurePlaces(this.#session, this.#places, { signal: this.#session.signal, timeoutMs: Infinity });
      await untilBelieved(this.#session, this.#session.signal);
      this.#stay = await Stay.begin(this.#session, this.#places, this.#wanted, {
        claimed: (stay, item, mzxid) => void this.#claimed(stay, item, mzxid).catch(ignoreTyped),
        unclaimed: (item) => this.#drop(item, "its claim was taken away"),
        over: (stay, why) => this.#over(stay, why),
      });
    } catch (error) {
      // Each leaves the list by failing.
      for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) first.fail(error);
    }
    this.#isBeginning = false;
    if (this.#stay?.isOver === true) this.#over(this.#stay, "its session's lease is over");
    else this.#tell();
  }

  #over(stay: Stay, why: string): void {
    if (this.#stay !== stay) return;
    this.#stay = null;
    for (const id of this.#items.keys()) this.#drop(id, why);
    if (this.#waiting.length > 0 && !this.#session.signal.aborted) this.#attend();
  }

  #drop(id: string, why: string): void {
    const item = this.#items.get(id);
    this.#items.delete(id);
    item?.lose(why);
  }

  async #claimed(stay: Stay, id: string, mzxid: number): Promise<void> {
    const calls = patient(this.#session, this.#session.signal);
    const fence = { path: `${this.#places.items}/${id}/${stay.name}`, mzxid };
    const node = await calls.get(`${this.#places.items}/${id}`, atHand);
    if (node === null) return;
    const found = await this.#decode(node.value);
    if (stay.isOver || stay.lease.expiresIn <= 0 || !stay.has(id, mzxid)) return;
    const waiting = this.#waiting[0];
    if (found === null || waiting === undefined) {
      // What nobody here can read nobody will; what nobody here waits for any more is given back as it came.
      const { value } = node;
      const away =
        found === null ? burial(this.#places, id, value) : [{ type: "delete", path: fence.path } as const];
      await endClaim(this.#session, fence, [away], () => {});
      return;
    }
    const item = new TakenItem<T>({
      session: this.#session,
      places: this.#places,
      id,
      bytes: node.value,
      value: found.value,
      fence,
      deliveries: (node.stat.cversion + node.stat.numChildren) / 2,
      maxDeliveries: this.#maxDeliveries,
      lease: stay.lease,
      demand: this.#demandOf(waiting.slot, stay, id),
    });
    this.#waiting.shift();
    this.#items.set(id, item);
    waiting.take(item);
  }

  /** Null for what does not fit, whoever may have put it. */
  async #decode(bytes: Uint8Array): Promise<{ readonly value: T } | null> {
    try {
      return { value: await this.#codec.decode(bytes) };
    } catch {
      return null;
    }
  }

  #demandOf(slot: Slot | null, stay: Stay, id: string): Demand {
    return {
      retire: () => {
        this.#items.delete(id);
        if (slot === null) this.#once -= 1;
        else slot.isAway = !slot.isReturning;
        this.#tell();
      },
      change: () => (stay.isOver || slot?.isAway === false ? [] : [stay.telling(this.#wanted)]),
      failed: () => stay.retell(),
    };
  }
}
