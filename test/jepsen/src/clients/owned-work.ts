import { setTimeout as pause } from "node:timers/promises";
import type { Session } from "@flotilla/coord/client";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { repeat, waitMs } from "./work.ts";

/** Something that came to be and ends with an owner. */
export interface Possession {
  readonly owner: string;
  readonly nodes: readonly string[];
  /** Milliseconds its owner may still believe in itself. */
  readonly expiresIn: () => number;
  /** Fires when that is over. */
  readonly signal: AbortSignal;
  /** Ends it; resolves once that was acknowledged. */
  readonly end: () => Promise<void>;
}

/** How one kind of owned things is made and listed. */
export interface Estate {
  /** Where it is listed. */
  readonly object: string;
  prepare(session: Session): Promise<void>;
  acquire(client: Coord, name: string): Promise<Possession>;
  /** Names of all there are. */
  list(client: Coord): Promise<readonly string[]>;
}

const longestStayMs = 800;
/** Now and then one stays longer than its session may go unheard. */
const longStayMs = 5_000;

/** Makes things that end with their owner, keeps them for a while and ends them, and lists them all the time. */
export class OwnedWork implements Work {
  readonly name: string;
  readonly #estate: Estate;
  readonly #recorder: Recorder;
  #made = 0;

  constructor(name: string, estate: Estate, recorder: Recorder) {
    this.name = name;
    this.#estate = estate;
    this.#recorder = recorder;
  }

  prepare(session: Session): Promise<void> {
    return this.#estate.prepare(session);
  }

  async run(client: Coord, turn: Turn): Promise<void> {
    const own = (lane: string): Turn => ({ ...turn, random: turn.random.fork(lane) });
    const [making, listing] = [own("make"), own("list")];
    await Promise.all([
      repeat(client, making, () => this.#keepOne(client, making)),
      repeat(client, listing, () => this.#list(client)),
    ]);
  }

  lookAgain(client: Coord): Promise<void> {
    return this.#list(client);
  }

  async #keepOne(client: Coord, { name, random, stopping }: Turn): Promise<void> {
    const recorder = this.#recorder;
    this.#made += 1;
    const held = await this.#estate.acquire(client, `${name}-${this.#made}`);
    const from_ns = recorder.nowNs();
    const stayMs = random.chance(0.05) ? longStayMs : random.below(longestStayMs);
    await pause(stayMs, undefined, { signal: AbortSignal.any([held.signal, stopping]) }).catch(() => {});
    // By its own clock: also when the event loop was late to tell.
    const lived_ns = recorder.nowNs() + Math.min(0, held.expiresIn()) * 1e6;
    let gone_ns: number | null = null;
    try {
      await held.end();
      gone_ns = recorder.nowNs();
    } finally {
      const { object } = this.#estate;
      const record = { kind: "owned", object, owner: held.owner, from_ns, lived_ns, gone_ns } as const;
      for (const node of held.nodes) recorder.history.add({ ...record, node });
    }
  }

  async #list(client: Coord): Promise<void> {
    const { value, invoke_ns, return_ns } = await this.#recorder.timed(() => this.#estate.list(client));
    if (value === null) return;
    this.#recorder.history.add({
      kind: "owned-read",
      object: this.#estate.object,
      nodes: value,
      invoke_ns,
      return_ns,
    });
  }
}

const ephemeralRoot = "/owned";
const shortestLeaseMs = 1_000;

/** Ephemeral nodes on leases of their own, two on each. */
export const leases: Estate = {
  object: ephemeralRoot,
  async prepare(session) {
    await session.create(ephemeralRoot, "");
  },
  async acquire({ session }, name) {
    const lease = await session.grant(shortestLeaseMs, { timeoutMs: waitMs });
    const nodes = [`${name}-a`, `${name}-b`];
    const items = nodes.map((node) => ({ type: "create", path: `${ephemeralRoot}/${node}`, lease }) as const);
    await session.multi(items, { timeoutMs: waitMs });
    return {
      owner: `lease ${lease.id}`,
      nodes,
      expiresIn: () => lease.expiresIn,
      signal: lease.signal,
      end: () => lease.revoke({ timeoutMs: waitMs }),
    };
  },
  async list({ session }) {
    return (await session.children(ephemeralRoot, { timeoutMs: waitMs }))?.names ?? [];
  },
};

const service = "jepsen";

/** Instances in the registry. */
export const registrations: Estate = {
  object: "registry",
  async prepare() {
    // A service is there once it has an instance.
  },
  async acquire({ session, registry }, id) {
    const { lease } = session;
    const options = { timeoutMs: waitMs };
    const registration = await registry.register({ name: service, id, address: "127.0.0.1" }, options);
    return {
      owner: `registration ${id}`,
      nodes: [id],
      expiresIn: () => lease.expiresIn,
      signal: AbortSignal.any([lease.signal, registration.signal]),
      end: () => registration.deregister(options),
    };
  },
  async list({ registry }) {
    return (await registry.find(service, { timeoutMs: waitMs })).map(({ id }) => id);
  },
};
