import { setTimeout as pause } from "node:timers/promises";
import type { Registration, Session } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { repeat, waitMs } from "./work.ts";

/** What nodes end with. */
export interface Owner {
  readonly name: string;
  /** Of the nodes that `settle` makes. */
  readonly nodes: readonly string[];
  /** Milliseconds it may still believe in itself. */
  readonly expiresIn: () => number;
  /** Fires when that is over. */
  readonly signal: AbortSignal;
  /** Makes its nodes. */
  readonly settle: () => Promise<void>;
  /** Ends it; resolves once that was acknowledged. */
  readonly end: () => Promise<void>;
}

/** How one kind of owners comes to be, and where all their nodes are listed. */
export interface Estate {
  readonly object: string;
  prepare(session: Session): Promise<void>;
  owner(client: Coord, name: string): Promise<Owner>;
  /** Names of all nodes there are. */
  list(client: Coord): Promise<readonly string[]>;
}

/** Of each client. */
const makersEach = 3;
const longestStayMs = 800;
/** Now and then one stays longer than its session may go unheard. */
const longStayMs = 5_000;

const pollMs = 100;
/** Far longer than any session lives, on a machine that is busy with everything else. */
const patienceMs = 30_000;

/** Makes nodes that end with their owner, keeps them for a while and ends it, and lists all of them again and again. */
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
    const listing = own("list");
    const makers = Array.from({ length: makersEach }, (_, k) => own(`make-${k}`));
    await Promise.all([
      ...makers.map((making) => repeat(client, making, () => this.#keepOne(client, making))),
      repeat(client, listing, async () => void (await this.#list(client))),
    ]);
  }

  /** Waits until nothing is left: all who made anything have ended. */
  async lookAgain(client: Coord): Promise<void> {
    const { object } = this.#estate;
    const from_ns = this.#recorder.nowNs();
    const deadlineMs = performance.now() + patienceMs;
    let left = await this.#list(client);
    while (left?.length !== 0 && performance.now() < deadlineMs) {
      await pause(pollMs);
      left = await this.#list(client);
    }
    if (left === null || left.length === 0) return;
    const gone_ns = this.#recorder.nowNs();
    for (const node of left)
      this.#recorder.history.add({
        kind: "owned",
        object,
        owner: `whoever made ${node}`,
        node,
        from_ns,
        lived_ns: from_ns,
        gone_ns,
      });
    await this.#list(client);
  }

  async #keepOne(client: Coord, { name, random, stopping }: Turn): Promise<void> {
    const recorder = this.#recorder;
    this.#made += 1;
    const owner = await this.#estate.owner(client, `${name}-${this.#made}`);
    const rest = (ms: number): Promise<void> => untilAborted(ms, [owner.signal, stopping]);
    let from_ns = 0;
    let lived_ns = 0;
    let gone_ns: number | null = null;
    try {
      await rest(random.below(longestStayMs));
      await owner.settle();
      from_ns = recorder.nowNs();
      await rest(random.chance(0.05) ? longStayMs : random.below(longestStayMs));
      // By its own clock: also when the event loop was late to tell.
      lived_ns = recorder.nowNs() + Math.min(0, owner.expiresIn()) * 1e6;
    } finally {
      from_ns = from_ns === 0 ? recorder.nowNs() : from_ns;
      await owner.end().then(
        () => (gone_ns = recorder.nowNs()),
        () => {},
      );
      const { object } = this.#estate;
      const record = { kind: "owned", object, owner: owner.name, from_ns, lived_ns, gone_ns } as const;
      for (const node of owner.nodes) recorder.history.add({ ...record, node });
    }
  }

  async #list(client: Coord): Promise<readonly string[] | null> {
    const { value, invoke_ns, return_ns } = await this.#recorder.timed(() => this.#estate.list(client));
    if (value === null) return null;
    const { object } = this.#estate;
    this.#recorder.history.add({ kind: "owned-read", object, nodes: value, invoke_ns, return_ns });
    return value;
  }
}

function untilAborted(ms: number, signals: AbortSignal[]): Promise<void> {
  return pause(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
}

const ephemeralRoot = "/owned";
/** Shorter than a session lives, so that it is outlived. */
const leaseMs = 1_000;

/** Ephemeral nodes on leases of their own, two on each. */
export const leases: Estate = {
  object: ephemeralRoot,
  async prepare(session) {
    await session.create(ephemeralRoot, "");
  },
  async owner({ session }, name) {
    // Believed in for as long as may be: what ends too early shows.
    const lease = await session.grant(leaseMs, { timeoutMs: waitMs, maxStallMs: 0 });
    const nodes = [`${name}-a`, `${name}-b`];
    const items = nodes.map((node) => ({ type: "create", path: `${ephemeralRoot}/${node}`, lease }) as const);
    return {
      name: `lease ${lease.id}`,
      nodes,
      expiresIn: () => lease.expiresIn,
      signal: lease.signal,
      settle: async () => void (await session.multi(items, { timeoutMs: waitMs })),
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
  async owner({ session, registry }, id) {
    const { lease } = session;
    const options = { timeoutMs: waitMs };
    let registration: Registration | undefined;
    return {
      name: `registration ${id}`,
      nodes: [id],
      expiresIn: () => lease.expiresIn,
      signal: lease.signal,
      settle: async () => {
        registration = await registry.register({ name: service, id, address: "127.0.0.1" }, options);
      },
      end: async () => {
        if (registration === undefined) throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", "never registered");
        await registration.deregister(options);
      },
    };
  },
  async list({ registry }) {
    return (await registry.find(service, { timeoutMs: waitMs })).map(({ id }) => id);
  },
};
