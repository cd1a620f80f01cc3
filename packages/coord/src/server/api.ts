import type { Host, Logger } from "@flotilla/runtime";
import type { Metric, StopReason, TraceRecord } from "@flotilla/raft";
import type { Session } from "../client/api.ts";
import type { Codec } from "../client/codecs.ts";
import type { CallOptions } from "../client/read-api.ts";
import type { NodeStatus } from "../client/status-api.ts";
import type { Values } from "../client/typed-values.ts";
import type { SessionOptions } from "../client/options.ts";
import type { Election, ElectionOptions } from "../recipes/api.ts";
import type { Counter, Ids, IdsOptions } from "../recipes/counter-api.ts";
import type {
  Barrier,
  DoubleBarrier,
  DoubleBarrierOptions,
  Latch,
  LatchOptions,
} from "../recipes/barrier/api.ts";
import type { Config, ConfigOptions } from "../recipes/config/api.ts";
import type { Group } from "../recipes/group/api.ts";
import type { Cron, CronOptions } from "../recipes/cron/api.ts";
import type { CodedQueueOptions, Queue, QueueOptions } from "../recipes/queue/api.ts";
import type { Registry } from "../recipes/registry/api.ts";
import type {
  AcquireOptions,
  Lock,
  Locking,
  LockOptions,
  LockSet,
  ReadWriteLock,
  Semaphore,
  SemaphoreOptions,
} from "../recipes/lock-api.ts";
import type { Keeper, KeeperOptions } from "../recipes/keeper/api.ts";
import type { Shards, ShardsOptions } from "../recipes/shards/api.ts";
import type { Team, TeamOptions } from "../recipes/team-api.ts";

/** A founding member. */
export interface Member {
  readonly id: string;
  /** `host:port` */
  readonly address: string;
}

export interface StartOptions extends SessionOptions {
  /** Stable identity: 1–64 characters of `[A-Za-z0-9._-]`. */
  readonly id: string;
  /** Where this member's data lives; created when absent. */
  readonly dataDir: string;
  /** `host:port` to listen on; anything but loopback needs `secret` or `insecure`. */
  readonly listen: string;
  /**
   * All founding voters, this one among them: the first election takes every one of them, later ones a majority. Used once,
   * on an empty data directory.
   */
  readonly bootstrap?: readonly Member[];
  /**
   * `host:port` of members of a cluster to join, one suffices. Used until the cluster has added this node: on an empty
   * data directory, and not with `bootstrap`. Empty: wait until an operator adds it.
   */
  readonly join?: readonly string[];
  /** With `join`: follow without a vote. Default false: a voter as soon as it has caught up. */
  readonly learner?: boolean;
  /**
   * With `join`: where the others reach this member, `host:port`. Default: the address it listens on. Needed when that
   * is `0.0.0.0` or `[::]`, where nobody is reached.
   */
  readonly advertise?: string;
  /** Name of the cluster, checked at every connection. Default `flotilla`. */
  readonly cluster?: string;
  /** Shared secret of members and clients. */
  readonly secret?: Uint8Array | string | undefined;
  /** Allow a listener beyond loopback without a secret. Default false. */
  readonly insecure?: boolean;
  /** Who may do everything whatever the access lists say, as `digestId(user, password)` gives it. Default: nobody. */
  readonly superDigest?: string;
  /** Default 100. */
  readonly heartbeatMs?: number;
  /** Default 1,000. */
  readonly electionTimeoutMs?: number;
  /** Snapshot after this many log entries. Default 100,000. */
  readonly snapshotEntries?: number;
  /** Entries kept behind a snapshot for slow members. Default 10,000. */
  readonly trailingEntries?: number;
  /**
   * Changes that this member remembers, for watches that resume and for reads of the past; members may differ.
   * Default 100,000.
   */
  readonly historyEvents?: number;
  /** Bytes of the values that those replaced, with their paths and 256 for each. Default 64 MiB. */
  readonly historyBytes?: number;
  /** Older changes are forgotten, as of the last command applied. Default: none for its age. */
  readonly historyAgeMs?: number;
  /** Default: warnings as JSON lines on standard error. */
  readonly logger?: Logger;
  /**
   * Takes one record for each transition of the consensus, in the turn it happens: plain data, a line of JSON each.
   * A throw stops the member, and so does a promise that it returns and that rejects, by the next record. Default: none, at
   * no cost.
   */
  readonly trace?: (record: TraceRecord) => unknown;
  /** What to stand on; the real one by default, with `dataDir` as its disk. */
  readonly host?: Host;
}

/** A handle on the cluster: one session and the recipes on it. */
export interface Coord extends AsyncDisposable {
  readonly session: Session;
  readonly registry: Registry;
  election(name: string, options?: ElectionOptions): Election;
  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, as the others do */
  lock(name: string, options?: LockOptions): Lock;
  readWriteLock(name: string, options?: Omit<LockOptions, "reentrant">): ReadWriteLock;
  /** Holds up whoever waits, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  barrier(name: string): Barrier;
  /** Has so many begin and end together, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  doubleBarrier(name: string, options: DoubleBarrierOptions): DoubleBarrier;
  /** Opens once so many have been counted down, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  latch(name: string, options: LatchOptions): Latch;
  /** A document that many read and follow, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  config<In, Out>(name: string, options: ConfigOptions<In, Out>): Config<In, Out>;
  /** Who is there, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  group(name: string): Group;
  /** A number that many change at once, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  counter(name: string): Counter;
  /** Numbers that are handed out once each, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  ids(name: string, options?: IdsOptions): Ids;
  /** A job that runs once in the cluster at each tick, by name. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  cron(name: string, options: CronOptions): Cron;
  /**
   * Items that are each taken by one at a time, by name; JSON unless there is a codec. Keep one for all the taking of a
   * process. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
   */
  queue(name: string, options?: QueueOptions): Queue<unknown>;
  queue<In, Out>(name: string, options: CodedQueueOptions<In, Out>): Queue<In, Out>;
  semaphore(name: string, options: SemaphoreOptions): Semaphore;
  /** Several locks to be taken together, each of another name. */
  lockSet(locks: readonly Locking<AcquireOptions>[]): LockSet;
  /** So many shards, spread over whoever takes part. */
  shards(name: string, options: ShardsOptions): Shards;
  /** Keeps so many workers alive, spread over whoever runs it. */
  keeper(name: string, options?: KeeperOptions): Keeper;
  /** A leader and its workers. */
  team(name: string, options: TeamOptions): Team;
  /** Nodes whose values go through a codec, such as `jsonCodec({ schema })`. */
  values<In, Out>(codec: Codec<In, Out>): Values<In, Out>;
  /**
   * The same session and recipes as seen from below a path, which is made when it is absent: it is `/` there, and no
   * path leads out of it. It is a way of naming, not of keeping apart: that is done by access lists. Its `close` closes
   * nothing: that is for the handle it came from.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, and what a write throws
   */
  namespace(path: string, options?: CallOptions): Promise<Coord>;
  /**
   * Gives back what is held, so that others need not wait for it, for 1 s at most, and as long before that as its
   * registrations are to drain (`drainMs`); then ends the session, within 2 s. A session that is not connected is ended
   * without either. A member hands leadership over besides, finishes the snapshot that it is writing if 5 s are enough
   * for it, and stops. Idempotent.
   */
  close(): Promise<void>;
}

/** Whether a member goes on at all. */
export interface NodeLiveness {
  /** False: it has stopped, or its disk hangs. Nothing but a restart helps. */
  readonly live: boolean;
  /** Why it is not alive, in words; empty when it is. */
  readonly problems: readonly string[];
}

/** What a member is fit for. */
export interface NodeHealth extends NodeLiveness {
  /** True: it serves linearizable reads now. */
  readonly ready: boolean;
  /** Why it is not ready or alive, in words; empty when it is both. */
  readonly problems: readonly string[];
}

/** This process as a member. */
export interface CoordNode extends Coord {
  readonly id: string;
  /** The bound `host:port`. */
  readonly address: string;
  /** What this member knows, without asking anyone. */
  status(): NodeStatus;
  /** Counters, gauges and histograms as of now; docs/metrics.md names them all. `prometheusText` writes them down. */
  metrics(): readonly Metric[];
  /** Whether it is alive, without asking anyone: what a probe that restarts it should ask. */
  liveness(): NodeLiveness;
  /**
   * Whether it is alive, and whether it serves: asked of the cluster by a linearizable read, 2,000 ms at most unless
   * `timeoutMs` says another time. Several calls share a read.
   * @throws FlotillaError `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_BAD_ARGUMENT`
   */
  health(options?: CallOptions): Promise<NodeHealth>;
  /**
   * Opens a further session at this member, also after `session` was lost. Closes with the member. What its options leave
   * out is as `start` was given it; `maxStallMs` only beside the TTL of `start`.
   * @throws FlotillaError `ERR_FLOTILLA_NO_QUORUM`, `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_ABORTED`,
   * `ERR_FLOTILLA_CLOSED` once the member closes or has stopped
   */
  connect(options?: SessionOptions & { readonly signal?: AbortSignal }): Promise<Coord>;
  /**
   * Takes this member out of the cluster, then closes it. A leader hands over first. Its data can never come back.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_CHANGE` (the last voter stays), `ERR_FLOTILLA_NO_QUORUM`; then it is a member still.
   * `ERR_FLOTILLA_NOT_FOUND` when it is none
   */
  leave(options?: CallOptions): Promise<void>;
  /** Resolves with the reason when the member stops; never rejects. */
  readonly closed: Promise<StopReason>;
}
