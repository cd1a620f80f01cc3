import type { Session, SessionLease, Watch, WatchEvent } from "../../client/api.ts";
import { bounded, listen, orAborted } from "../bounded.ts";
import { uniqueName } from "../names.ts";
import { isNoRoom } from "../no-room.ts";
import { beforeClose, partingMs, requireStaying } from "../parting.ts";
import { patient } from "../patient.ts";
import { Rest } from "../rest.ts";
import { ignoreTyped } from "../run-held.ts";
import type { QueuePlaces } from "./places.ts";

type Snapshot = Extract<WatchEvent, { readonly type: "snapshot" }>;

interface Begun {
  readonly wanted: number;
  /** Its node is there since. */
  readonly sinceRevision: number;
  readonly watch: Watch;
}

const takenAway = "its node was taken away";

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
  /** The claims that it was told of, and their revisions. */
  readonly #claims = new Map<string, number>();
  /** From telling, for want of room. */
  readonly #rest: Rest;
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
    { wanted, sinceRevision, watch }: Begun,
    events: StayEvents,
  ) {
    this.name = name;
    this.lease = session.lease;
    this.#session = session;
    this.#path = `${places.takers}/${name}`;
    this.#watch = watch;
    this.#events = events;
    this.#rest = new Rest(session.clock, { notify: () => this.retell() });
    this.#wanted = wanted;
    this.#told = wanted;
    this.#forget = beforeClose(session, () => this.#part());
    this.#stopListening = listen(this.lease.signal, () => void this.#end("its session's lease is over"));
    void this.#hear(places, sinceRevision).catch(ignoreTyped);
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
    const watch = await calls.watch(places.base, {
      kind: "recursive",
      filter: { names: name, types: ["created", "deleted"] },
      values: false,
    });
    const own = { ephemeral: true, guarded: true };
    try {
      const { revision } = await calls.create(`${places.takers}/${name}`, String(wanted), own);
      return new Stay(session, places, name, { wanted, sinceRevision: revision, watch }, events);
    } catch (error) {
      void watch.close();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether an item is its own by the claim of this revision, as far as it was told. */
  has(item: string, mzxid: number): boolean {
    return this.#claims.get(item) === mzxid;
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

  /** What the tree was told last, it may not have taken: it is told again once it may have room. */
  retell(): void {
    this.#told = null;
    this.#session.clock.defer(() => this.#tell());
  }

  #tell(): void {
    if (this.#isOver || this.#rest.isOn || this.#wanted === this.#told) return;
    const told = patient(this.#session, this.#session.signal).multi([this.telling(this.#wanted)]);
    void told.catch((error: unknown) => {
      ignoreTyped(error);
      if (this.#isOver || !isNoRoom(error)) return;
      // Until the rest is over it is not known, so that whatever is wanted meanwhile is told then.
      this.#told = null;
      this.#rest.begin();
    });
  }

  async #hear({ items }: QueuePlaces, sinceRevision: number): Promise<void> {
    for await (const event of this.#watch) {
      if (this.#isOver) return;
      if (event.type !== "snapshot") this.#hearOf(event, items);
      else if (this.#isMissing(event, sinceRevision)) void this.#end(takenAway);
      else this.#compare(event, items);
    }
  }

  #hearOf({ type, path, node }: Exclude<WatchEvent, Snapshot>, items: string): void {
    if (type === "deleted" && path === this.#path) void this.#end(takenAway);
    const item = itemOf(path, items);
    if (item === null) return;
    if (type === "created" && node !== null) this.#given(item, node.stat.mzxid);
    else if (type === "deleted") this.#gone(item);
  }

  /** Whether its node is gone; a snapshot may be older than it. */
  #isMissing({ nodes, revision, reason }: Snapshot, sinceRevision: number): boolean {
    if (reason !== "other-history" && revision < sinceRevision) return false;
    return nodes.every(({ path }) => path !== this.#path);
  }

  /** Some claims cannot be told of one by one: these are all that there are. */
  #compare({ nodes }: Snapshot, items: string): void {
    const standing = new Map(nodes.map(({ path, node }) => [itemOf(path, items), node.stat.mzxid]));
    for (const item of this.#claims.keys()) if (!standing.has(item)) this.#gone(item);
    for (const [item, mzxid] of standing) if (item !== null) this.#given(item, mzxid);
  }

  /** An item that was given back may be given again while nothing is heard: the claim is another one then. */
  #given(item: string, mzxid: number): void {
    if (this.#claims.get(item) === mzxid) return;
    this.#gone(item);
    this.#claims.set(item, mzxid);
    this.#events.claimed(this, item, mzxid);
  }

  #gone(item: string): void {
    if (this.#claims.delete(item)) this.#events.unclaimed(item);
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
    this.#rest.cancel();
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
  if (!path.startsWith(`${items}/`)) return null;
  const [item, claim, more] = path.slice(items.length + 1).split("/");
  return item === undefined || claim === undefined || more !== undefined ? null : item;
}
