import type { ClientHost } from "@flotilla/runtime";
import type { Kernel } from "@flotilla/runtime/sim";
import { connect } from "../../src/client/index.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { Leadership } from "../../src/recipes/api.ts";
import type { Coord, StartOptions } from "../../src/server/api.ts";
import type { Session } from "../../src/client/api.ts";
import type { CallOptions } from "../../src/client/read-api.ts";
import { Cluster } from "../server/cluster.ts";

/** A thin client on a machine of its own. */
export interface Client {
  readonly machine: string;
  readonly coord: Coord;
  readonly session: Session;
}

/** A cluster and its clients, on virtual time. */
export class World {
  readonly cluster: Cluster;
  readonly kernel: Kernel;
  #clients = 0;

  constructor(members: number, seed: string, options: Partial<StartOptions> = {}) {
    this.cluster = new Cluster(members, options, seed);
    this.kernel = this.cluster.kernel;
  }

  static async start(members = 1, seed = "1", options: Partial<StartOptions> = {}): Promise<World> {
    const world = new World(members, seed, options);
    await world.cluster.start();
    return world;
  }

  /** Connects a client whose session lives for 2 s by default. */
  async client(options: Partial<ConnectOptions> = {}, outside: Partial<ClientHost> = {}): Promise<Client> {
    this.#clients += 1;
    const machine = `c${this.#clients}`;
    const endpoints = this.cluster.ids.map((id) => this.cluster.address(id));
    const host = { ...this.kernel.node(machine).start(), ...outside };
    const coord = await this.until(connect({ endpoints, sessionTtlMs: 2_000, ...options, host }));
    return { machine, coord, session: coord.session };
  }

  async three(options: Partial<ConnectOptions> = {}): Promise<[Client, Client, Client]> {
    return [await this.client(options), await this.client(options), await this.client(options)];
  }

  until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    return this.kernel.until(promise, withinMs);
  }

  pass(ms: number): Promise<void> {
    return this.cluster.pass(ms);
  }

  /** Lets so many events happen to clients and members. */
  async events(count: number): Promise<void> {
    let left = count;
    const stop = this.kernel.onAfterEvent(() => {
      left -= 1;
    });
    await this.kernel.run({ untilMs: this.kernel.nowMs + 60_000, until: () => left <= 0 });
    stop();
  }

  /** Counts the events until a promise settles. */
  async eventsUntil(promise: Promise<unknown>): Promise<number> {
    const before = this.kernel.eventCount;
    await this.until(promise.catch(() => {}));
    return this.kernel.eventCount - before;
  }

  /** Cuts a client off from every member. */
  isolate(client: Client): void {
    for (const id of this.cluster.ids) this.kernel.network.cutBoth(client.machine, id);
  }

  heal(client: Client): void {
    for (const id of this.cluster.ids) this.kernel.network.healBoth(client.machine, id);
  }

  /** Cuts a client off until its lease lapsed, and a little longer; its session is not ended by then. */
  async lapse(client: Client): Promise<void> {
    const { session } = client;
    const { lease } = session;
    const isFresh = (): boolean => lease.expiresIn > session.ttlMs * 0.98 - 20;
    await this.kernel.run({ untilMs: this.kernel.nowMs + session.ttlMs, until: isFresh });
    this.isolate(client);
    const isOver = (): boolean => lease.signal.aborted;
    await this.kernel.run({ untilMs: this.kernel.nowMs + session.ttlMs, until: isOver });
    await this.pass(100);
  }

  /** Breaks the connections of a client. */
  reset(client: Client): void {
    for (const id of this.cluster.ids) this.kernel.network.reset(client.machine, id);
  }

  /** The virtual time at which a signal fires; infinite until then. */
  firing(signal: AbortSignal): { readonly atMs: number } {
    const fired = { atMs: signal.aborted ? this.kernel.nowMs : Number.POSITIVE_INFINITY };
    signal.addEventListener("abort", () => {
      fired.atMs = this.kernel.nowMs;
    });
    return fired;
  }

  /** Campaigns one after the other, so that their places in line are in this order. */
  async line(clients: readonly Client[], name = "x"): Promise<Promise<Leadership>[]> {
    const campaigns: Promise<Leadership>[] = [];
    for (const client of clients) {
      const campaign = client.coord.election(name, { id: client.machine }).campaign();
      campaign.catch(() => {});
      campaigns.push(campaign);
      await this.pass(50);
    }
    return campaigns;
  }

  /** What stands below the name of an election: the nodes in line and whether there is a record. */
  async remains(client: Client, name = "x"): Promise<{ line: readonly string[]; record: boolean }> {
    const page = await this.until(client.session.children(`/election/${name}/line`));
    const record = await this.until(client.session.exists(`/election/${name}/grant`));
    return { line: page?.names ?? [], record: record !== null };
  }
}

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it did not reject");
    },
    (error: unknown) => error,
  );
}

/** True once the promise settled, without waiting. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  try {
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
  } catch {
    return false;
  }
}

/** Takes in what a stream yields, in the background. */
export function collect<T>(stream: AsyncIterable<T>): { readonly items: T[]; readonly done: Promise<void> } {
  const items: T[] = [];
  const run = async (): Promise<void> => {
    for await (const item of stream) items.push(item);
  };
  const done = run();
  done.catch(() => {});
  return { items, done };
}

/** Bounds of a wait that are none, as a caller without types may give them. */
export const noWaits: readonly (readonly [string, CallOptions])[] = [
  ["no time", { timeoutMs: 0 }],
  ["what is no number", { timeoutMs: Number.NaN }],
  ["what is no signal", { signal: JSON.parse("{}") }],
];
