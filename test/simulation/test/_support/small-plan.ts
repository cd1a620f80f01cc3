import type { ClientPlan, Plan } from "../../src/index.ts";

/** Three members, three clients, ten quiet seconds. */
export function smallPlan(seed: number): Plan {
  const client: ClientPlan = {
    ttlMs: 1000,
    embeddedIn: null,
    lanes: 2,
    watches: 2,
    elects: true,
    registers: true,
    diesAtEnd: false,
  };
  return {
    format: 1,
    seed,
    nodes: 3,
    clients: [client, client, { ...client, diesAtEnd: true }],
    config: {
      loadMs: 10_000,
      minOps: 100,
      thinkMs: 200,
      memberTtlMs: 1000,
      snapshotEntries: 50,
      trailingEntries: 5,
      trailingBytes: 1 << 20,
      snapshotChunkBytes: 1024,
      heartbeatMs: 100,
      electionTimeoutMs: 1000,
      secret: true,
      latency: { minMs: 0.15, meanMs: 0.5 },
      limits: {},
      applyMs: 0,
      logReadMs: 400,
      ending: "close",
    },
    faults: [],
  };
}
