import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import type { Held } from "./api.ts";

export interface LockOptions {
  /** Name shown to others. Default: the session's id. */
  readonly id?: string;
  /**
   * What others see of this one, such as what it is held for. With the id at most 64 KiB, and where many can hold at once
   * their share of 640 KiB: 655 bytes as JSON for readers and where there are 1,000 permits. Beyond it
   * `ERR_FLOTILLA_TOO_LARGE`. Default empty.
   */
  readonly value?: string;
  /** Higher goes first in line; never takes from a holder. Default 0. */
  readonly priority?: number;
  /**
   * While this object holds or waits in line, whoever asks it again shares that: the hold is given up with the last
   * release, the place in line with the last wait, each bounded by its own options. Other objects wait as always, also of
   * the same session and name. Default false.
   */
  readonly reentrant?: boolean;
}

export interface SemaphoreOptions extends Omit<LockOptions, "reentrant"> {
  /** How many there are in all, 1 to 1,000. All who use a name must say the same. */
  readonly permits: number;
}

export interface AcquireOptions extends CallOptions {
  /** How long to wait in line, ms. Default: without a limit, and for as long as there is no quorum. */
  readonly timeoutMs?: number;
}

export interface PermitOptions extends AcquireOptions {
  /** How many to take, all or none. Default 1. */
  readonly permits?: number;
}

/** A lock that is held. */
export interface LockHold extends Held {
  /**
   * Resolves, once it listens, to a signal that fires when somebody asks for the lock (`askBack`). It is a request: the
   * holder decides when to release.
   */
  askedBack(options?: CallOptions): Promise<AbortSignal>;
}

/** Someone who holds or waits. */
export interface LockUser {
  readonly id: string;
  readonly value: string;
  readonly priority: number;
  /** Places it takes: 1, its permits, or all for a writer. */
  readonly permits: number;
}

export interface LockHolder extends LockUser {
  readonly epoch: number;
  /** Leader's wall time of the grant, ms since the epoch. */
  readonly sinceMs: number;
}

export interface LockReport {
  /** In the order they were granted. */
  readonly holders: readonly LockHolder[];
  /** In line order. */
  readonly waiters: readonly LockUser[];
}

/**
 * First come, first served among equal priorities. A holder's epoch is above that of everyone who held before it, and
 * `held.fence` has the tree refuse its writes once it holds no more.
 */
export interface Locking<Options extends AcquireOptions> {
  readonly name: string;
  /** Where it stands in the tree. */
  readonly path: string;
  /**
   * Waits in line until granted. Whatever ends the wait, the place in line is given up, in the background.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_LOST` when somebody deleted the
   * place in line, `ERR_FLOTILLA_SESSION_EXPIRED`, `ERR_FLOTILLA_CLOSED`, `ERR_FLOTILLA_BAD_ARGUMENT` also when those who
   * hold count another number of permits
   */
  acquire(options?: Options): Promise<LockHold>;
  /**
   * Takes it when it is free and nobody waits; else null, at once. Without a quorum it waits as `acquire` does: give it a
   * `timeoutMs`.
   */
  tryAcquire(options?: Options): Promise<LockHold | null>;
  /**
   * Acquires, runs `fn` and releases, whatever becomes of `fn`. The options bound the wait in line, not the work.
   * Resolves to what `fn` returned, if it was held until then.
   * @throws FlotillaError as `acquire`; `ERR_FLOTILLA_LOST` when it was lost before `fn` settled, with what `fn` threw as
   * `cause`: what it did last may have met another holder; else what `fn` throws
   */
  run<T>(fn: (held: LockHold) => Promise<T> | T, options?: Options): Promise<T>;
  /** Who holds and who waits, read one after the other. */
  inspect(options?: ReadOptions): Promise<LockReport>;
  /**
   * Asks everyone who holds to give it up, see {@link LockHold.askedBack}; the request stands until they did or this
   * session ends, whoever else asked. Returns how many were asked.
   */
  askBack(options?: CallOptions): Promise<number>;
}

/** One holder at a time for each name. */
export type Lock = Locking<AcquireOptions>;

/** As many permits for each name as was said; who wants several is not overtaken by who wants few. */
export type Semaphore = Locking<PermitOptions>;

/**
 * Many who read or one who writes; in turn, so that neither starves the other: who reads waits behind who waited to
 * write before. At most 1,000 read at once. There is no way from reading to writing without a release.
 */
export interface ReadWriteLock {
  readonly read: Lock;
  readonly write: Lock;
}

/** Several locks at once. */
export interface AllHeld extends AsyncDisposable {
  /** In the order they were given. */
  readonly holds: readonly LockHold[];
  /** Fires with the first that is lost. */
  readonly signal: AbortSignal;
  /** Of the one with the least time left, ms. */
  readonly expiresIn: number;
  /** @throws FlotillaError `ERR_FLOTILLA_LOST` */
  assert(): void;
  /**
   * All of them at once: none waits for another, and each is given up also when others fail.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`, and what the first that failed threw
   */
  release(options?: CallOptions): Promise<void>;
}

/**
 * Several locks that are taken together. They are acquired in an order of their own, the same for everybody, so that two
 * who want the same locks never wait for each other; that holds for one level, not for locks acquired while others are held.
 */
export interface LockSet {
  /** As that of a lock. When one is lost while another is waited for, all are given back and taken anew. */
  acquire(options?: AcquireOptions): Promise<AllHeld>;
  /** All of them at once or none. */
  tryAcquire(options?: AcquireOptions): Promise<AllHeld | null>;
  /** As that of a lock. */
  run<T>(fn: (held: AllHeld) => Promise<T> | T, options?: AcquireOptions): Promise<T>;
}
