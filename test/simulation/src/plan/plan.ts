/** Every way in which a world is disturbed. */
export const faultKinds = [
  "crash",
  "crash-leader",
  "crash-all",
  "stop-in-order",
  "pause",
  "stall",
  "isolate-one",
  "isolate-leader",
  "halves",
  "bridge",
  "one-way",
  "half-open",
  "reset",
  "client-cut",
  "client-crash",
  "delay",
  "message-loss",
  "clock-drift",
  "wall-jump",
  "slow-disk",
  "stuck-disk",
  "failing-disk",
  "full-disk",
  "bit-rot",
  "lost-data",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/**
 * Whom a fault strikes, resolved when it fires: `leader`, `follower`, `any`, `node#k`, `client#k`,
 * `majority` (with the leader when there is one), `minority`, `all`.
 */
export type Target = string;

export interface Fault {
  /** Virtual milliseconds since the world began. */
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: Target;
  /** How long it lasts; 0 when it is over at once. */
  readonly durMs: number;
  /** What else the kind needs. Also names the draws made when it fires, by `key`. */
  readonly args: Readonly<Record<string, number | string | boolean>>;
}

export interface ClientPlan {
  readonly ttlMs: number;
  /** Index of the member whose process it lives in; null for a machine of its own. */
  readonly embeddedIn: number | null;
  /** Requests it keeps in flight at once, at most. */
  readonly lanes: number;
  readonly watches: number;
  readonly elects: boolean;
  readonly registers: boolean;
  /** Dies without a word when the faults are over, so that its leases must expire. */
  readonly diesAtEnd: boolean;
}

export interface WorldConfig {
  /** Virtual milliseconds of load and faults, at least. */
  readonly loadMs: number;
  /** The load goes on until so many operations were answered. */
  readonly minOps: number;
  /** Mean pause between two operations of one lane. */
  readonly thinkMs: number;
  readonly memberTtlMs: number;
  readonly snapshotEntries: number;
  readonly trailingEntries: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly secret: boolean;
  readonly latency: { readonly minMs: number; readonly meanMs: number };
}

/** A whole world as plain data. The same plan happens the same way each time. */
export interface Plan {
  readonly format: 1;
  readonly seed: number;
  readonly nodes: number;
  readonly clients: readonly ClientPlan[];
  readonly config: WorldConfig;
  readonly faults: readonly Fault[];
}
