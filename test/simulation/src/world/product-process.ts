import type { CoordNode } from "@flotilla/coord/node";
import { startNode } from "@flotilla/coord/node";
import type { MemberProcess, MemberStart } from "./member-process.ts";
import { Machine } from "@flotilla/kv";
import { poisonPath } from "./poison.ts";

const digestEvery = 4;

/** Starts a member of the whole product. */
export async function startProduct(start: MemberStart): Promise<MemberProcess> {
  let started: CoordNode | null = null;
  const node = await startNode(
    options(start),
    hooks(start, () => started),
  );
  started = node;
  return {
    closed: node.closed,
    status: () => node.status(),
    poison: async () => {
      // The member's own session may be over.
      const { session } = await node.connect();
      return session.create(poisonPath, "");
    },
    close: () => node.close(),
    coord: node,
    users: null,
  };
}

function options({ world, host, id, address, join }: MemberStart): Parameters<typeof startNode>[0] {
  const { config } = world.plan;
  return {
    host,
    id,
    dataDir: "data",
    listen: address,
    ...(join === null ? { bootstrap: world.founders } : { join }),
    ...world.access,
    ...(config.secret ? {} : { insecure: true }),
    heartbeatMs: config.heartbeatMs,
    electionTimeoutMs: config.electionTimeoutMs,
    snapshotEntries: config.snapshotEntries,
    trailingEntries: config.trailingEntries,
    sessionTtlMs: config.memberTtlMs,
  };
}

function hooks(
  { world, view, observer, opened }: MemberStart,
  started: () => CoordNode | null,
): Parameters<typeof startNode>[1] {
  const { golden, monitor, poison, plan } = world;
  const { limits, snapshotChunkBytes, trailingBytes } = plan.config;
  return {
    raftLimits: limits,
    opened,
    machine: ({ probe }) => {
      const machine = new Machine({ probe });
      view.machine = machine;
      return machine;
    },
    snapshots: { snapshotChunkBytes, trailingBytes },
    raftObserver: {
      ...observer,
      onApply: (entry) => {
        observer.onApply?.(entry);
        if (!view.replaced) golden.entry(entry);
      },
    },
    observer: {
      applied: (index, applied, events) => {
        poison.taste(index, events);
        if (view.replaced) return;
        golden.applied(index, applied, events);
        const machine = started() === null ? null : view.machine;
        // Every state is part of the digest of the next.
        if (machine !== null && index % digestEvery === 0) monitor.digest(view, index, machine.digest());
      },
    },
  };
}
