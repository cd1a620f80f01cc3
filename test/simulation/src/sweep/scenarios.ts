import type { ClientPlan, Fault, Plan, WorldConfig } from "../plan/plan.ts";

/** A short world in which one thing happens. */
export interface Scenario {
  readonly name: string;
  readonly plan: Plan;
}

const client: ClientPlan = {
  ttlMs: 1000,
  embeddedIn: null,
  lanes: 2,
  watches: 1,
  elects: true,
  registers: false,
  diesAtEnd: false,
};

const config: WorldConfig = {
  loadMs: 7000,
  minOps: 0,
  thinkMs: 150,
  memberTtlMs: 1000,
  snapshotEntries: 1000,
  trailingEntries: 5,
  trailingBytes: 1 << 20,
  snapshotChunkBytes: 1024,
  heartbeatMs: 50,
  electionTimeoutMs: 250,
  secret: false,
  latency: { minMs: 0.15, meanMs: 0.5 },
  limits: {},
  applyMs: 0,
  logReadMs: 500,
  ending: "close",
};

function scenario(
  name: string,
  faults: readonly Omit<Fault, "args">[],
  more: Partial<WorldConfig> = {},
  nodes = 3,
): Scenario {
  const keyed = faults.map((fault, key): Fault => ({ ...fault, args: { key } }));
  const clients = [client, { ...client, registers: true }];
  return {
    name,
    plan: { format: 1, seed: 1, nodes, clients, config: { ...config, ...more }, faults: keyed },
  };
}

const away = { atMs: 2000, target: "follower", durMs: 2000 } as const;

/** What each crash of a sweep falls into. */
export const scenarios: readonly Scenario[] = [
  scenario("founding and load", []),
  scenario("a leader dies", [{ atMs: 3000, kind: "crash-leader", target: "leader", durMs: 1500 }]),
  scenario("a leader hands over", [{ atMs: 3000, kind: "stop-in-order", target: "leader", durMs: 500 }]),
  scenario("a cut leader comes back", [
    { atMs: 3000, kind: "isolate-leader", target: "leader", durMs: 2000 },
  ]),
  scenario("a follower catches up by entries", [{ ...away, kind: "crash" }]),
  scenario("a follower catches up by a snapshot", [{ ...away, kind: "crash" }], {
    snapshotEntries: 15,
    trailingEntries: 0,
  }),
  scenario("everybody dies", [{ atMs: 3000, kind: "crash-all", target: "all", durMs: 300 }], {
    snapshotEntries: 20,
  }),
  scenario("a slow disk", [{ atMs: 2000, kind: "slow-disk", target: "leader", durMs: 3000 }]),
  scenario("small bounds and two snapshots a second", [], {
    snapshotEntries: 10,
    trailingEntries: 1,
    limits: { maxTaskBytes: 300, maxApplyEntries: 1, maxBatchEntries: 1, inflightMessages: 2, cacheBytes: 0 },
  }),
  scenario(
    "four members, torn in halves",
    [{ atMs: 3000, kind: "halves", target: "majority", durMs: 1500 }],
    {},
    4,
  ),
];

/** The same of the log alone: users of registers in the place of clients, and less time before and after. */
export const logScenarios: readonly Scenario[] = scenarios.map(({ name, plan }) => ({
  name,
  plan: { ...plan, clients: [], logAlone: { lanes: 2 }, config: { ...plan.config, loadMs: 4500 } },
}));
