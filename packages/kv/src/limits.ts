/** Bounds that are part of the state machine: the same on every replica. */
export const limits = {
  /** Bytes of one value. */
  valueBytes: 1_048_576,
  /** UTF-8 bytes of one path. */
  pathBytes: 4_096,
  /** Nodes one command may touch; a lease owns at most this many. */
  nodesPerCommand: 10_000,
  /** Operations of one multi. */
  opsPerMulti: 1_000,
  /** Bytes of all values of one multi. */
  multiBytes: 1_572_864,
  /** Characters and `*` of one pattern of names. */
  patternCharacters: 256,
  patternStars: 8,
  /** Names in one page of children. */
  childrenPage: 10_000,
  /** Names in one page of the children of an old revision, where one came or went since. */
  pastChildrenPage: 1_000,
  /** Children of now that one such page looks at. */
  pastChildrenLooks: 10_000,
  /** Sessions in one page. */
  sessionsPage: 1_000,
  /** Leases in one page. */
  leasesPage: 1_000,
  /** Budgets in all, and in one page. */
  budgets: 10_000,
  budgetsPage: 500,
  /** Budgets that bound one path: a write is held against each. */
  nestedBudgets: 8,
  /** Unacknowledged requests of one session. */
  windowRequests: 1_024,
  /** Bytes of the results kept for the unacknowledged requests of one session; the last one may go beyond. */
  windowBytes: 4_194_304,
  /** Leases of one session, its own among them. */
  leasesPerSession: 1_000,
  /** Time to live of a session or lease, ms. */
  minTtlMs: 500,
  maxTtlMs: 120_000,
  /** Longest time to live of a node, ms: 40 bits, as in ZooKeeper. */
  maxNodeTtlMs: 1_099_511_627_775,
  /** Events kept for watches that resume. */
  historyEvents: 100_000,
  historyBytes: 67_108_864,
  /** Changes in one page of those of a node. */
  changesPage: 1_000,
  /** Revisions between one history and the next at least: more than can have been lost of the one before. */
  historyLeap: 1_048_576,
  /** Highest revision that a history begins with: as many again, and every number is still exact. */
  firstRevision: 4_503_599_627_370_496,
} as const;
