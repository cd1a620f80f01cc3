import type { Machine } from "@flotilla/kv";
import { membersOf } from "@flotilla/raft";
import type { Metric, RaftNode, StopReason } from "@flotilla/raft";
import type { Channel, Host, Listener } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import type { NodeStatus } from "../client/status-api.ts";
import { ClusterAdmin } from "../client/admin.ts";
import { badArgument, requireNames } from "../client/bad-argument.ts";
import { isObject } from "../given.ts";
import type { Codec } from "../client/codecs.ts";
import { type CallLimits, callLimits, PlainWait } from "../client/call.ts";
import { closeInOrder, coordOver } from "../client/coord.ts";
import { Deadlines } from "../client/deadlines.ts";
import { sessionNames } from "../client/open-session.ts";
import type { SessionOptions } from "../client/options.ts";
import type { Values } from "../client/typed-values.ts";
import type { ClientSession } from "../client/session.ts";
import type { Election, ElectionOptions } from "../recipes/api.ts";
import type {
  Barrier,
  DoubleBarrier,
  DoubleBarrierOptions,
  Latch,
  LatchOptions,
} from "../recipes/barrier/api.ts";
import type { Config, ConfigOptions } from "../recipes/config/api.ts";
import type { Group } from "../recipes/group/api.ts";
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
import type { Cron, CronOptions } from "../recipes/cron/api.ts";
import type { CodedQueueOptions, Queue, QueueOptions } from "../recipes/queue/api.ts";
import type { Counter, Ids, IdsOptions } from "../recipes/counter-api.ts";
import type { Keeper, KeeperOptions } from "../recipes/keeper/api.ts";
import type { Shards, ShardsOptions } from "../recipes/shards/api.ts";
import type { Team, TeamOptions } from "../recipes/team-api.ts";
import { AdminDoor } from "./admin-door.ts";
import type { Coord, CoordNode, NodeHealth, NodeLiveness } from "./api.ts";
import type { ClientDoor } from "./client-door.ts";
import { HealthCheck } from "./health.ts";
import { Joining } from "./joining.ts";
import type { Comparer } from "./comparer.ts";
import type { FeatureKeeper } from "./feature-keeper.ts";
import type { GraceKeeper } from "./grace-keeper.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { LoadedStartOptions } from "./options.ts";
import { MemberAdmin } from "./member-admin.ts";
import { localSession } from "./own-session.ts";
import { nodeMetrics } from "./node-metrics.ts";
import type { ReadGate } from "./read-gate.ts";
import type { Reaper } from "./reaper.ts";
import type { Renewals } from "./renewals.ts";
import type { SessionHub } from "./session-hub.ts";
import { nodeStatus } from "./status.ts";

/** The running parts of a member. */
export interface MemberParts {
  readonly host: Host;
  readonly loaded: LoadedStartOptions;
  readonly raft: RaftNode;
  readonly door: ClientDoor;
  readonly keeper: LeaseKeeper;
  readonly reaper: Reaper;
  readonly grace: GraceKeeper;
  readonly features: FeatureKeeper;
  readonly comparer: Comparer;
  readonly reads: ReadGate;
  readonly hub: SessionHub;
  readonly renewals: Renewals;
  readonly listener: Listener;
  readonly machine: Machine;
}

/** A running member and its own session. */
export class MemberNode implements CoordNode {
  readonly id: string;
  readonly address: string;
  readonly closed: Promise<StopReason>;
  readonly #parts: MemberParts;
  readonly #coord: Coord;
  readonly #admin: AdminDoor;
  readonly #health: HealthCheck;
  readonly #joining: Joining | null;
  readonly #sessions = new Set<ClientSession>();
  #closing: Promise<void> | undefined;
  /** From the first moment of its close on. */
  #isClosing = false;
  #hasStopped = false;
  /** The cluster said so, to a node whose log does not tell. */
  #wasRemoved = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.id = parts.loaded.id;
    this.address = parts.listener.address;
    const session = this.#newSession({}, true);
    this.#coord = coordOver(session, parts.host, () => this.close());
    session.open({ timeoutMs: Number.POSITIVE_INFINITY }).catch((error: unknown) => {
      if (this.#ending() === null)
        parts.host.logger.error({ err: error }, "the member's own session did not open");
    });
    this.#admin = this.#openAdmin();
    this.#health = new HealthCheck({ ...parts, clock: parts.host.clock, ending: () => this.#ending() });
    this.#joining = this.#join();
    this.closed = this.#whenStopped();
  }

  get session(): Session {
    return this.#coord.session;
  }

  get registry(): Registry {
    return this.#coord.registry;
  }

  election(name: string, options?: ElectionOptions): Election {
    return this.#coord.election(name, options);
  }

  lock(name: string, options?: LockOptions): Lock {
    return this.#coord.lock(name, options);
  }

  readWriteLock(name: string, options?: Omit<LockOptions, "reentrant">): ReadWriteLock {
    return this.#coord.readWriteLock(name, options);
  }

  semaphore(name: string, options: SemaphoreOptions): Semaphore {
    return this.#coord.semaphore(name, options);
  }

  barrier(name: string): Barrier {
    return this.#coord.barrier(name);
  }

  doubleBarrier(name: string, options: DoubleBarrierOptions): DoubleBarrier {
    return this.#coord.doubleBarrier(name, options);
  }

  latch(name: string, options: LatchOptions): Latch {
    return this.#coord.latch(name, options);
  }

  config<In, Out>(name: string, options: ConfigOptions<In, Out>): Config<In, Out> {
    return this.#coord.config(name, options);
  }

  group(name: string): Group {
    return this.#coord.group(name);
  }

  counter(name: string): Counter {
    return this.#coord.counter(name);
  }

  ids(name: string, options?: IdsOptions): Ids {
    return this.#coord.ids(name, options);
  }

  cron(name: string, options: CronOptions): Cron {
    return this.#coord.cron(name, options);
  }

  queue(name: string, options?: QueueOptions): Queue<unknown>;
  queue<In, Out>(name: string, options: CodedQueueOptions<In, Out>): Queue<In, Out>;
  queue(name: string, options?: QueueOptions): Queue<unknown> {
    return this.#coord.queue(name, options);
  }

  lockSet(locks: readonly Locking<AcquireOptions>[]): LockSet {
    return this.#coord.lockSet(locks);
  }

  values<In, Out>(codec: Codec<In, Out>): Values<In, Out> {
    return this.#coord.values(codec);
  }

  namespace(path: string, options?: CallOptions): Promise<Coord> {
    return this.#coord.namespace(path, options);
  }

  shards(name: string, options: ShardsOptions): Shards {
    return this.#coord.shards(name, options);
  }

  keeper(name: string, options?: KeeperOptions): Keeper {
    return this.#coord.keeper(name, options);
  }

  team(name: string, options: TeamOptions): Team {
    return this.#coord.team(name, options);
  }

  status(): NodeStatus {
    const { loaded, raft, machine } = this.#parts;
    return nodeStatus(loaded.cluster, raft.status(), machine);
  }

  metrics(): readonly Metric[] {
    return nodeMetrics(this.#parts);
  }

  liveness(): NodeLiveness {
    return this.#health.liveness();
  }

  health(options?: CallOptions): Promise<NodeHealth> {
    return this.#health.check(options);
  }

  async connect(given: SessionOptions & CallOptions = {}): Promise<Coord> {
    if (!isObject(given)) throw badArgument("options: expected an object");
    const { signal, ...options } = given;
    requireNames(options, sessionNames);
    const { timeoutMs = this.#parts.loaded.timeoutMs } = options;
    const bounds = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    callLimits(bounds, timeoutMs);
    this.#requireStaying();
    const session = this.#newSession(options, false);
    await session.open(bounds);
    return coordOver(session, this.#parts.host, () => closeInOrder(session));
  }

  /** Takes an operator's channel, in the turn it came. */
  acceptAdmin(channel: Channel): void {
    this.#admin.accept(channel);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  leave(options?: CallOptions): Promise<void> {
    return this.#resign(options).then(() => this.close());
  }

  /**
   * Asks to be added, unless it ever was a member: it may have been taken out since, which those of then will tell it.
   * What it has only read of, of itself or of others, may have come to nothing.
   */
  #join(): Joining | null {
    const { host, loaded, raft } = this.#parts;
    const { id, cluster, secret, join, learner, advertise } = loaded;
    const isMember = (): boolean => raft.status().memberSince !== null;
    if (join === undefined || join.length === 0 || isMember()) return null;
    const newcomer = { id, address: advertise ?? this.address, incarnation: raft.incarnation };
    const onRemoved = (): void => {
      this.#wasRemoved = true;
      void this.close();
    };
    const asked = { endpoints: join, newcomer, learner, isMember, onRemoved };
    const joining = new Joining({ host, cluster, secret, ...asked });
    joining.start();
    return joining;
  }

  /** Resolves once the cluster goes on without this member. */
  async #resign(options?: CallOptions): Promise<void> {
    const { host, loaded, raft } = this.#parts;
    const { id, cluster, secret } = loaded;
    const limits = callLimits(options, loaded.timeoutMs);
    const { signal = new AbortController().signal } = limits;
    const untilMs = host.clock.now() + limits.timeoutMs;
    await this.#within(limits, this.#handOver());
    const members = membersOf(raft.status().configuration);
    if (members.length === 0)
      throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `${id} belongs to no cluster yet`);
    const endpoints = members.map(({ address }) => address);
    const known = secret === undefined ? {} : { secret };
    const timeoutMs = Math.max(1, untilMs - host.clock.now());
    const reach = { host, cluster, endpoints, ...known, timeoutMs };
    await new ClusterAdmin(reach, signal).remove(id);
  }

  /** @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`; it goes on all the same */
  async #within(limits: CallLimits, work: Promise<void>): Promise<void> {
    const deadlines = new Deadlines(this.#parts.host.clock);
    const wait = new PlainWait<void>(deadlines, limits, "leave");
    work.then(
      () => wait.resolve(),
      (error: Error) => wait.reject(error),
    );
    await wait.promise.finally(() => deadlines.stop());
  }

  /** Why there is no counting on it any more. */
  #ending(): "stopped" | "closing" | null {
    if (this.#hasStopped) return "stopped";
    return this.#isClosing ? "closing" : null;
  }

  /** A session that comes now would be ended by nobody. @throws FlotillaError `ERR_FLOTILLA_CLOSED` */
  #requireStaying(): void {
    const end = this.#ending();
    if (end === null) return;
    const message = end === "stopped" ? "the member has stopped" : "the member is closing";
    throw new FlotillaError("ERR_FLOTILLA_CLOSED", message);
  }

  #openAdmin(): AdminDoor {
    const { host, loaded, raft, machine, comparer, keeper } = this.#parts;
    const { clock, random, logger } = host;
    const service = new MemberAdmin({
      raft,
      machine,
      comparer,
      leases: keeper,
      clock,
      cluster: loaded.cluster,
      status: () => this.status(),
      resign: () => this.#resign(),
      close: () => this.close(),
    });
    return new AdminDoor({ ...loaded, service, clock, random, logger, nodeId: loaded.id });
  }

  #newSession(options: SessionOptions, isUsedUnopened: boolean): ClientSession {
    const { host, door, loaded } = this.#parts;
    const { sessionTtlMs, maxStallMs, timeoutMs, auth } = loaded;
    const times = options.sessionTtlMs === undefined ? { sessionTtlMs, maxStallMs } : {};
    const own = { ...times, timeoutMs, ...(auth === undefined ? {} : { auth }) };
    const session = localSession(host, door, { ...own, ...options }, isUsedUnopened);
    this.#sessions.add(session);
    session.signal.addEventListener("abort", () => this.#sessions.delete(session), { once: true });
    return session;
  }

  /** Sessions first, while somebody can still be told that they end. */
  async #stop(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => closeInOrder(session)));
    await this.#handOver();
    await this.#stopServing();
    await this.#parts.raft.close();
  }

  /** A leader leaves no gap behind: another one leads before it goes, if one can. */
  async #handOver(): Promise<void> {
    const { raft, host } = this.#parts;
    const { role, peers } = raft.status();
    if (role !== "leader" || peers.length === 0) return;
    try {
      host.logger.info({ leader: await raft.transfer() }, "leadership was handed over");
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      host.logger.warn({ err: error }, "the member closes without handing leadership over");
    }
  }

  async #stopServing(): Promise<void> {
    const { door, keeper, reaper, grace, features, comparer, reads, renewals, listener } = this.#parts;
    this.#joining?.stop();
    this.#health.close();
    this.#admin.close();
    door.close();
    keeper.close();
    reaper.close();
    grace.close();
    features.close();
    comparer.close();
    reads.close();
    renewals.close();
    await listener.close();
  }

  /** Nobody can be told any more. */
  async #abandon(): Promise<void> {
    await this.#stopServing();
    await Promise.all([...this.#sessions].map((session) => session.close({ timeoutMs: 1 })));
  }

  async #whenStopped(): Promise<StopReason> {
    const reason = await this.#parts.raft.closed;
    if (reason.type === "closed") return this.#wasRemoved ? { type: "removed" } : reason;
    this.#hasStopped = true;
    const { logger } = this.#parts.host;
    if (reason.type === "failed") logger.error({ err: reason.error }, "the member stopped");
    await this.#abandon().catch((error: unknown) =>
      logger.error({ err: error }, "the member did not stop in order"),
    );
    return reason;
  }
}
