import type { Limits } from "@flotilla/raft";

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
  "isolate-and-pause",
  "halves",
  "bridge",
  "one-way",
  "late-answers",
  "half-open",
  "reset",
  "client-cut",
  "client-crash",
  "delay",
  "message-loss",
  "throttle",
  "slow-cpu",
  "clock-drift",
  "client-drift",
  "wall-jump",
  "slow-disk",
  "stuck-disk",
  "failing-disk",
  "full-disk",
  "bit-rot",
  "lost-data",
  "members",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/**
 * Whom a fault strikes, resolved when it fires: `here` (where the moment came that it waited for), `leader`, `follower`, `any`, `node#k`, `client#k`,
 * `holder#k` (that client while it holds something), `majority` (with the leader when there is one), `minority`, `all`.
 */
export type Target = string;

/** Moments that are no probe of the code but seen from outside; `write` is both others of that name. */
export const outerMoments = [
  "write",
  "write/begin",
  "write/durable",
  "vote/asked",
  "vote/granted",
  "candidate",
  "leader",
  "established",
  "handover",
  "snapshot/sent",
  "snapshot/taken",
  "snapshot/installed",
] as const;

/** What a fault waits for. */
export interface Trigger {
  /** One of `outerMoments`, or a probe of the code. */
  readonly moment: string;
  /** It fires when that comes for this time; 1: the next time. */
  readonly hit: number;
  /** How long it waits for that, before it fires anyway. Default 10,000. */
  readonly patienceMs?: number;
}

export interface Fault {
  /** Virtual milliseconds since the world began. */
  readonly atMs: number;
  /** From `atMs` on the fault waits for this; left out: it fires at `atMs`. */
  readonly when?: Trigger;
  readonly kind: FaultKind;
  readonly target: Target;
  /** How long it lasts; 0 when it is over at once. */
  readonly durMs: number;
  /** What else the kind needs. Also names the draws made when it fires, by `key`. */
  readonly args: Readonly<Record<string, number | string | boolean>>;
}

/** True when clocks of clients run off further than leases allow for. */
export function driftsBeyond({ faults }: Pick<Plan, "faults">): boolean {
  return faults.some(({ kind }) => kind === "client-drift");
}

/** What members do together, beside leading, locking and registering. */
export const recipeNames = ["queue", "config", "group", "shards", "keeper", "cron", "barriers"] as const;

export type RecipeName = (typeof recipeNames)[number];

export interface ClientPlan {
  readonly ttlMs: number;
  /** Index of the member whose process it lives in; null for a machine of its own. */
  readonly embeddedIn: number | null;
  /** Requests it keeps in flight at once, at most. */
  readonly lanes: number;
  readonly watches: number;
  readonly elects: boolean;
  readonly registers: boolean;
  /** Has further leases granted. Left out: no. */
  readonly leases?: boolean;
  /** Takes locks, permits and sides of read-write locks. Left out: no. */
  readonly locks?: boolean;
  /** Adds to counters and asks for ids. Left out: no. */
  readonly counts?: boolean;
  /** Puts access lists on nodes and meets those of others. Left out: no. */
  readonly lists?: boolean;
  /** Reads the past. Left out: no. */
  readonly recalls?: boolean;
  /** Takes part in these. Left out: in none. */
  readonly plays?: readonly RecipeName[];
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
  /** Bytes of log kept behind a snapshot, at most. */
  readonly trailingBytes: number;
  readonly snapshotChunkBytes: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly secret: boolean;
  readonly latency: { readonly minMs: number; readonly meanMs: number };
  /** Bounds of the log that are not the defaults. */
  readonly limits: Partial<Limits>;
  /** How long a member is busy with each slice of entries that it applies; 0: no time at all. */
  readonly applyMs: number;
  /** Mean pause between two reads of each member's log, beside those of the clients. */
  readonly logReadMs: number;
  /** How the world ends: members close in order, or a command comes whose apply throws. */
  readonly ending: "close" | "poison";
  /** When lease reads are switched on, off, on again and so forth, virtual ms, ascending; left out: never. */
  readonly leaseSwitchesMs?: readonly number[];
}

/** A whole world as plain data. The same plan happens the same way each time. */
export interface Plan {
  readonly format: 1;
  /** Why it is kept. */
  readonly why?: string;
  readonly seed: number;
  readonly nodes: number;
  readonly clients: readonly ClientPlan[];
  /** Members are logs with registers on them, which so many users in each member's process use; left out: the product. */
  readonly logAlone?: { readonly lanes: number };
  readonly config: WorldConfig;
  readonly faults: readonly Fault[];
}
