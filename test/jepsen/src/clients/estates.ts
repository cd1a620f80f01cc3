import type { Registration, Session } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { Coord } from "./session-client.ts";
import { waitMs } from "./work.ts";

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
  /** Ends it; resolves once that was acknowledged, or when the session is over. */
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
