import type { Session, SessionLease, Watch, WatchEvent } from "../../client/api.ts";
import { bounded, listen, orAborted } from "../bounded.ts";
import { uniqueName } from "../names.ts";
import { beforeClose, partingMs, requireStaying } from "../parting.ts";
import { patient } from "../patient.ts";
import { ignoreTyped } from "../run-held.ts";
import type { QueuePlaces } from "./places.ts";

/** What a taker hears during one stay. */
export interface StayEvents {
  /** An item was given to it, by the claim of this revision. */
  claimed(stay: Stay, item: string, mzxid: number): void;
  /** A claim of it is gone. */
  unclaimed(item: string): void;
  /** It is over: whatever it had will be somebody else's. */
  over(stay: Stay, why: string): void;
}

/**
 * One registration as a taker, in one period of belief: an ephemeral node whose value is how many items are wanted. Who
 * hands out gives items to it while the node stands.
 */
export class Stay {
  readonly name: string;
  readonly lease: SessionLease;
  readonly #session: Session;
  readonly #path: string;
  readonly #watch: Watch;
  readonly #events: StayEvents;
  #stopListening: () => void = () => {};
  #forget: () => void;
  #wanted: number;
  /** What the tree was told last; null when it is not known. */
  #told: number | null;
  #isOver = false;

  private constructor(
    session: Session,
    places: QueuePlaces,
    name: string,
    wanted: number,
    watch: Watch,
    events: StayEvents,
  ) {
    this.name = name;
    this.lease = session.lease;
    this.#session = session;
    this.#path = `${places.takers}/${name}`;
    this.#watch = watch;
    this.#events = events;
    this.#wanted = wanted;
    this.#told = wanted;
    this.#forget = beforeClose(session, () => this.#part());
    this.#stopListening = listen(this.lease.signal, () => void this.#end("its session's lease is over"));
    void this.#hear(places).catch(ignoreTyped);
  }

  /** Waits for as long as there is no quorum. */
  static async begin(
    session: Session,
    places: QueuePlaces,
    wanted: number,
    events: StayEvents,
  ): Promise<Stay> {
    requireStaying(session);
    const calls = patient(session, session.signal);
    const name = uniqueName(session);
    // Nobody knows the name before its node stands, so nothing is missed.
    const watch = await calls.watch(places.items, {
      kind: "recursive",
      filter: { names: name },
      values: false,
    });
    const own = { ephemeral: true, guarded: true };
    await calls.create(`${places.takers}/${name}`, String(wanted), own);
    return new Stay(session, places, name, wanted, watch, events);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Has the tree know how many are wanted, once this turn is over. */
  want(count: number): void {
    const isUnderWay = this.#wanted !== this.#told;
    this.#wanted = count;
    if (!isUnderWay && count !== this.#told) this.#session.clock.defer(() => this.#tell());
  }

  /** The same as part of another command. */
  telling(count: number): { readonly type: "set"; readonly path: string; readonly value: string } {
    this.#wanted = count;
    this.#told = count;
    return { type: "set", path: this.#path, value: String(count) };
  }

  /** What the tree was told last, it may not have taken. */
  retell(): void {
    this.#told = null;
    this.#session.clock.defer(() => this.#tell());
  }

  #tell(): void {
    if (this.#isOver || this.#wanted === this.#told) return;
    const told = patient(this.#session, this.#session.signal).multi([this.telling(this.#wanted)]);
    void told.catch(ignoreTyped);
  }

  async #hear({ items }: QueuePlaces): Promise<void> {
    const known = new Set<string>();
    for await (const event of this.#watch) {
      if (this.#isOver) return;
      if (event.type === "snapshot") this.#compare(event, known, items);
      else this.#hearOf(event, known, items);
    }
  }

  #hearOf(
    { type, path, node }: Exclude<WatchEvent, { readonly type: "snapshot" }>,
    known: Set<string>,
    items: string,
  ): void {
    const item = itemOf(path, items);
    if (item === null) return;
    if (type === "created" && node !== null) {
      known.add(item);
      this.#events.claimed(this, item, node.stat.mzxid);
    } else if (type === "deleted" && known.delete(item)) this.#events.unclaimed(item);
  }

  /** Some claims cannot be told of one by one: these are all that there are. */
  #compare(
    { nodes }: Extract<WatchEvent, { readonly type: "snapshot" }>,
    known: Set<string>,
    items: string,
  ): void {
    const standing = new Map(nodes.map(({ path, node }) => [itemOf(path, items), node.stat.mzxid]));
    for (const item of known) {
      if (standing.has(item)) continue;
      known.delete(item);
      this.#events.unclaimed(item);
    }
    for (const [item, mzxid] of standing) {
      if (item === null || known.has(item)) continue;
      known.add(item);
      this.#events.claimed(this, item, mzxid);
    }
  }

  #part(): Promise<void> {
    const ending = this.#end("its session is being closed");
    const { clock } = this.#session;
    const bounds = { clock, options: {}, fallbackMs: partingMs, what: `departure from ${this.#path}` };
    return bounded(bounds, (signal) => orAborted(ending, signal));
  }

  /** Signals fire first; then the node goes, and with it the claims. */
  async #end(why: string): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.#forget();
    this.#events.over(this, why);
    void this.#watch.close();
    await patient(this.#session, this.#session.signal)
      .multi([{ type: "delete", path: this.#path }])
      .catch(ignoreTyped);
  }
}

/** Null for what is no claim. */
function itemOf(path: string, items: string): string | null {
  const [item, claim, more] = path.slice(items.length + 1).split("/");
  return item === undefined || claim === undefined || more !== undefined ? null : item;
}
