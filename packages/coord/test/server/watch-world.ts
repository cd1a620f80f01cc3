import type { Operation, TreeEvent, WatchKind } from "@flotilla/kv";
import { encodeCommand, Machine, matches } from "@flotilla/kv";
import { expect } from "vitest";
import type { WatchBookmark, WatchEvent } from "../../src/client/api.ts";
import { Deadlines } from "../../src/client/deadlines.ts";
import type { WatchRequest, WatchStream } from "../../src/client/watch-stream.ts";
import { PendingWatch, WatchTable } from "../../src/client/watch-table.ts";
import type { ServerMessage, WatchWants } from "../../src/wire/messages.ts";
import type { RawClient } from "./world.ts";
import { sessionA, sessionB, World } from "./world.ts";

/** One that ends now and then. */
export const mortalLease = "d".repeat(32);

type State = ReadonlyMap<string, string>;

export interface Asked {
  readonly path: string;
  readonly kind: WatchKind;
  readonly wants: WatchWants | null;
  readonly once: boolean;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Every change there was and every state, by a second state machine under the same log. */
class Truth {
  readonly events: TreeEvent[] = [];
  readonly #machine = new Machine();
  readonly #states: State[] = [new Map([["/", ""]])];

  apply(payload: Uint8Array, index: number): void {
    this.#machine.apply(payload, { index, timeMs: 1_000 + index });
    const events = this.#machine.takeEvents();
    if (events.length === 0) return;
    const state = new Map(this.#states.at(-1));
    for (const event of events) {
      this.events.push(event);
      if (event.node === null) state.delete(event.path);
      else state.set(event.path, text(event.node.value));
    }
    this.#states.push(state);
  }

  stateAt(revision: number): State {
    return this.#states[revision] ?? expect.unreachable("no such revision");
  }
}

/** One watch, and how far it told what there was. */
export class Followed {
  readonly #asked: Asked;
  readonly #truth: Truth;
  readonly #events: AsyncIterator<WatchEvent | WatchBookmark>;
  #coming: Promise<IteratorResult<WatchEvent | WatchBookmark>> | null = null;
  #next = 0;
  #isOver = false;

  constructor(asked: Asked, truth: Truth, stream: WatchStream) {
    this.#asked = asked;
    this.#truth = truth;
    this.#events = stream[Symbol.asyncIterator]();
    const { revision } = stream.token;
    this.#next = truth.events.findIndex((event) => event.revision > revision);
    if (this.#next < 0) this.#next = truth.events.length;
  }

  /** Takes so many events, or all that came. */
  async read(most: number): Promise<void> {
    for (let count = 0; count < most && !this.#isOver; count += 1) {
      this.#coming ??= this.#events.next();
      const next = await Promise.race([this.#coming, nothing()]);
      if (next === null) return;
      this.#coming = null;
      if (next.done === true) return;
      this.#judge(next.value);
    }
  }

  /** Nothing is left to be told. */
  finish(): void {
    if (this.#isOver) return;
    expect(this.#due()).toBeUndefined();
  }

  #judge(event: WatchEvent | WatchBookmark): void {
    if (event.type === "bookmark") {
      const due = this.#due();
      const { revision, ordinal } = event.token;
      const isPast = due !== undefined && (due.revision - revision || due.ordinal - ordinal) <= 0;
      expect(isPast ? due.path : null).toBe(null);
      return;
    }
    if (event.type === "snapshot") this.#judgeSnapshot(event);
    else this.#judgeEvent(event);
    this.#isOver = this.#asked.once;
  }

  #judgeEvent(event: Exclude<WatchEvent, { type: "snapshot" }>): void {
    const due = this.#due() ?? expect.unreachable(`${event.type} ${event.path} never was`);
    const { wants } = this.#asked;
    const shown = (node: TreeEvent["node"]): string | null =>
      node === null ? null : wants?.values === false ? "" : text(node.value);
    expect({ ...event, token: null, node: event.node && text(event.node.value), previous: null }).toEqual({
      type: due.type,
      path: due.path,
      revision: due.revision,
      token: null,
      node: shown(due.node),
      previous: null,
    });
    const previous = event.previous === undefined ? undefined : event.previous && text(event.previous.value);
    expect(previous).toEqual(wants?.previous === true ? shown(due.previous) : undefined);
    this.#next = this.#truth.events.indexOf(due) + 1;
  }

  #judgeSnapshot({ revision, nodes }: Extract<WatchEvent, { type: "snapshot" }>): void {
    const { path: own, kind, wants } = this.#asked;
    const scope = [...this.#truth.stateAt(revision)].filter(
      ([path]) => matches({ ...blank, path }, own, kind) && this.#isNamed(path),
    );
    const isThere = this.#truth.stateAt(revision).has(own);
    const shown = (value: string): string => (wants?.values === false ? "" : value);
    const expected = isThere ? scope.map(([path, value]) => [path, shown(value)] as const) : [];
    const found = nodes.map(({ path, node }) => [path, text(node.value)] as const);
    expect(new Map(found)).toEqual(new Map(expected));
    expect(found.length).toBe(expected.length);
    const after = this.#truth.events.findIndex((event) => event.revision > revision);
    const next = after < 0 ? this.#truth.events.length : after;
    expect(next).toBeGreaterThanOrEqual(this.#next);
    this.#next = next;
  }

  #due(): TreeEvent | undefined {
    const { path, kind, wants } = this.#asked;
    return this.#truth.events
      .slice(this.#next)
      .find(
        (event) =>
          matches(event, path, kind) &&
          (wants?.types.includes(event.type) ?? true) &&
          this.#isNamed(event.path),
      );
  }

  /** Patterns here are a letter and a star. */
  #isNamed(path: string): boolean {
    const { path: own, wants } = this.#asked;
    const names = wants?.names ?? null;
    return (
      names === null || path === own || path.slice(path.lastIndexOf("/") + 1).startsWith(names.slice(0, 1))
    );
  }
}

/** Resolves behind what is already settled. */
async function nothing(): Promise<null> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return null;
}

const blank = {
  type: "created",
  revision: 1,
  ordinal: 0,
  node: null,
  previous: null,
  by: null,
  timeMs: 0,
} as const;

/** A server that forgets soon, one session that writes, and one that watches over connections that come and go. */
export class WatchWorld {
  readonly world = new World(new Machine({ historyLimits: { events: 25 } }));
  readonly followed: Followed[] = [];
  readonly #truth = new Truth();
  readonly #deadlines = new Deadlines(this.world.clock);
  readonly #table = new WatchTable((message) => this.#client?.send(message));
  #writer: RawClient | undefined;
  #client: RawClient | undefined;
  #seq = 0;
  #attach = 0;
  #heard = 0;

  async start(): Promise<void> {
    this.#writer = this.world.client();
    this.#writer.attach(sessionA, 1);
    await this.commit();
    this.#grant();
    await this.reconnect([], []);
  }

  /** Asks for a change; it happens at the next commit. */
  write(operation: Operation): void {
    this.#seq += 1;
    this.#writer?.request(this.#seq, operation, this.#seq - 1);
  }

  /** The lease ends by its time, and is granted anew. */
  async expire(): Promise<void> {
    void this.world.raft.propose(encodeCommand({ type: "expire", leases: [mortalLease] }).slice());
    this.#grant();
    await this.commit();
  }

  async commit(): Promise<void> {
    await this.#apply();
    await this.#hear();
  }

  #grant(): void {
    this.write({ type: "grant", lease: mortalLease, ttlMs: 10_000 });
  }

  async #apply(): Promise<void> {
    await this.world.settle();
    const { raft } = this.world;
    let { index } = raft;
    for (const { payload } of raft.pending) this.#truth.apply(payload, (index += 1));
    raft.commit();
    await this.world.settle();
  }

  /**
   * The watching session moves to another connection.
   * @param lost what it is told of these is lost with the old one
   * @param away happens before it is attached to the new one
   */
  async reconnect(lost: readonly Operation[], away: readonly Operation[]): Promise<void> {
    for (const operation of lost) this.write(operation);
    await this.#apply();
    this.#client?.close();
    this.#table.interrupted();
    await this.world.settle();
    for (const operation of away) this.write(operation);
    await this.world.settle();
    this.#client = this.world.client();
    this.#heard = 0;
    this.#attach += 1;
    this.#client.attach(sessionB, this.#attach, {
      ttlMs: this.#attach === 1 ? 10_000 : null,
      watches: this.#table.specs(),
    });
    await this.commit();
  }

  async watch(asked: Asked): Promise<void> {
    const id = this.#table.admit();
    const request: WatchRequest = { ...asked, from: null };
    const limits = { timeoutMs: Infinity, signal: undefined };
    const pending = new PendingWatch(id, request, this.#deadlines, limits, () => {});
    this.#table.add(pending);
    this.#table.issue(id, 0);
    await this.#settle();
    this.followed.push(new Followed(asked, this.#truth, await pending.promise));
  }

  /** Whether the client takes what it is sent. */
  async pace(pace: "slow" | "fast"): Promise<void> {
    this.world.bufferedBytes = pace === "slow" ? 2_000_000 : 0;
    await this.advance(20);
  }

  async advance(ms: number): Promise<void> {
    await this.world.clock.advance(ms);
    await this.#settle();
  }

  async finish(): Promise<void> {
    await this.pace("fast");
    await this.commit();
    await this.advance(50);
    for (const one of this.followed) {
      await one.read(Infinity);
      one.finish();
    }
  }

  async #settle(): Promise<void> {
    await this.world.settle();
    await this.#hear();
  }

  async #hear(): Promise<void> {
    const { heard } = this.#client ?? { heard: [] };
    while (this.#heard < heard.length) {
      const message = heard[this.#heard];
      this.#heard += 1;
      if (message !== undefined) this.#take(message);
    }
    await this.world.settle();
  }

  #take(message: ServerMessage): void {
    if (message.type === "attached") {
      this.#table.sendSurplus();
      this.#table.sendAgain();
    }
    if (message.type === "armed") this.#table.armed(message);
    if (message.type === "events") this.#table.events(message);
    if (message.type === "snapshot") this.#table.page(message);
    if (message.type === "bookmark") this.#table.bookmark(message);
  }
}
