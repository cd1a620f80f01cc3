import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { Balancer, BalanceOptions } from "../balance/api.ts";

/** What checks say of an instance, or it of itself. */
export type Health = "passing" | "warning" | "critical";

/** `draining`: it takes nothing new and will leave. `maintenance`: somebody took it out for a while. */
export type InstanceState = Health | "draining" | "maintenance";

export interface CheckTiming {
  /** From the end of one question to the next, ms. Default 2,000. */
  readonly intervalMs?: number;
  /** A question that takes longer has failed, ms. Default 1,000. */
  readonly timeoutMs?: number;
  /** So many good answers in a row end `critical`. Default 2. The very first answer decides alone. */
  readonly rise?: number;
  /** So many failures in a row make it `critical`. Default 3. */
  readonly fall?: number;
  /** Shown as critical for so long, it is taken out of the registry, until it passes again, ms. Default: never. */
  readonly removeAfterMs?: number;
}

/** A GET that is answered with 2xx passes, with 429 warns. */
export interface HttpCheck extends CheckTiming {
  /** A URL of http or https, or a path on the instance's own address and port. */
  readonly http: string;
  /** The one status that passes. */
  readonly expect?: number;
}

/** A connection that is accepted passes. */
export interface TcpCheck extends CheckTiming {
  /** `host:port` */
  readonly tcp: string;
}

/**
 * Passes when it returns nothing, or says how it is; fails when it throws or its time is over, which ends the signal. One
 * that goes on all the same is not called again until it has ended, and fails once more every `intervalMs` until then.
 */
export interface FunctionCheck extends CheckTiming {
  readonly run: (signal: AbortSignal) => Promise<Health | void> | Health | void;
}

/** Critical unless the process reports in time: see {@link Registration.report}. */
export interface TtlCheck {
  /** Longest time from one report to the next, ms. */
  readonly ttlMs: number;
  readonly removeAfterMs?: number;
}

/** Run by the process that registers, against itself. */
export type Check = HttpCheck | TcpCheck | FunctionCheck | TtlCheck;

/** What may change while it is registered. */
export interface ServiceTraits {
  /** At most 100. */
  readonly tags?: readonly string[];
  /** Where it runs, such as a data centre. */
  readonly zone?: string;
  /** Its share of the work beside others, 0 to 1,000,000. Default 1; 0: only when nobody else can be picked. */
  readonly weight?: number;
  readonly meta?: Readonly<Record<string, string>>;
}

export interface Service extends ServiceTraits {
  /** Of the service: one path segment. */
  readonly name: string;
  /** Where it is reached: a host, or whatever those who find it make of it. */
  readonly address: string;
  /** 1 to 65,535. */
  readonly port?: number;
  /** Default: a random id. */
  readonly id?: string;
  /** Default: it passes as long as its session lives. */
  readonly check?: Check;
  /** How long `deregister` and `Coord.close` let it drain, ms; `Session.close` ends it at once. Default 0. */
  readonly drainMs?: number;
}

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly zone: string | null;
  readonly weight: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly state: InstanceState;
  /** Of its last change. */
  readonly revision: number;
}

/** Only the process that made it changes it. */
export interface Registration extends AsyncDisposable {
  /** As last written. */
  readonly instance: Instance;
  /**
   * Fires, with `ERR_FLOTILLA_LOST`, when it is gone: deregistered, lost with its session, or because somebody deleted its
   * node or put another in its place. It stays gone: whoever wants to, registers anew. Of what others did it hears from a
   * server: one that is cut off, when it reaches one again, however long that takes, as its session may stand until then. A
   * session watches the nodes of 500 registrations and members of groups; registrations beyond, or for which a budget has no
   * room, hear of the last two with their next change.
   */
  readonly signal: AbortSignal;
  /**
   * Whether it stands in the registry, as far as it knows: not while `removeAfterMs` has it taken out, never once `signal`
   * fired, and not while its session's lease has lapsed by its own clock: it may be gone then, and is listed again if the
   * session goes on.
   */
  readonly isListed: boolean;
  /** Why its check failed when it was last made: what was thrown, or what was wrong with the answer. Null: it did not. */
  readonly failure: unknown;
  /**
   * Says how it is: at once, and for `ttlMs` where it has a check of that kind.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for anything else, and when a check of another kind decides
   */
  report(health: Health): void;
  /**
   * Changes what is named; what is not listed has it from when it comes back.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`; `ERR_FLOTILLA_TOO_LARGE`, which changes nothing, for what would not
   *   fit in each of its states; `ERR_FLOTILLA_LOST` when it is gone; and what the cluster refuses the write with, such as `ERR_FLOTILLA_QUOTA`, which takes it out
   */
  update(traits: ServiceTraits, options?: CallOptions): Promise<void>;
  /** Lets it finish what it has: nobody picks it any more. @throws FlotillaError as `update` */
  drain(options?: CallOptions): Promise<void>;
  /** Takes it out for a while, whatever its checks say: it is listed so all the time. @throws FlotillaError as `update` */
  maintain(options?: CallOptions): Promise<void>;
  /** Ends draining and maintenance. @throws FlotillaError as `update` */
  resume(options?: CallOptions): Promise<void>;
  /**
   * Drains for `drainMs`, then fires the signal and takes it out of the registry, and never a successor under the same id.
   * Idempotent. Where others cannot be told within 15 s that it drains, it is over then, and not before `drainMs`. The
   * options bound the wait (15 s by default, besides the draining); the rest goes on.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_BAD_ARGUMENT`, and what the cluster
   *   refuses the removal with
   */
  deregister(options?: CallOptions): Promise<void>;
}

/** What instances are looked for; all of it must hold. */
export interface InstanceFilter {
  /** All of these. */
  readonly tags?: readonly string[];
  readonly zone?: string;
  /** Every one of these. */
  readonly meta?: Readonly<Record<string, string>>;
  /** Default: `passing` and `warning`. */
  readonly states?: readonly InstanceState[];
}

export interface RegisterOptions extends CallOptions {
  /**
   * Whether to wait while another session has the id: that of a process that died stands until its session has ended. For
   * as long as `timeoutMs`, by default 15 s. Default true.
   */
  readonly wait?: boolean;
}

export interface FindOptions extends ReadOptions, InstanceFilter {}

export interface WatchInstancesOptions extends InstanceFilter {
  readonly signal?: AbortSignal;
}

/** The instances that fit, and what became of them since the one before. */
export interface InstanceChange {
  /** All of them, sorted by id. */
  readonly instances: readonly Instance[];
  readonly added: readonly Instance[];
  readonly changed: readonly Instance[];
  /** As they were last seen. */
  readonly removed: readonly Instance[];
}

/** Who offers what, where and how well: entries live as long as the session that made them. */
export interface Registry {
  /**
   * An abort or a timeout takes it out again, in the background. With a check it is `critical` until the first answer.
   * @throws FlotillaError `ERR_FLOTILLA_EXISTS` when the id is taken and did not come free in time, or has been taken by this
   *   session; `ERR_FLOTILLA_BAD_ARGUMENT`; and what a write throws
   */
  register(service: Service, options?: RegisterOptions): Promise<Registration>;
  /** Sorted by id. */
  find(name: string, options?: FindOptions): Promise<readonly Instance[]>;
  /**
   * The set now, then every change of it, in order. Several changes may come as one. Ends when `signal` fires or the
   * session is closed; throws `ERR_FLOTILLA_SESSION_EXPIRED` when it is lost.
   */
  watch(name: string, options?: WatchInstancesOptions): AsyncIterable<InstanceChange>;
  /**
   * Follows a service, to pick an instance for every piece of work.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT` when no server answers in time, `ERR_FLOTILLA_ABORTED`,
   *   `ERR_FLOTILLA_BAD_ARGUMENT`, and what ends the session
   */
  service(name: string, options?: BalanceOptions): Promise<Balancer>;
}
