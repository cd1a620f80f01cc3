import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { requireFunction } from "../client/bad-argument.ts";
import { checkedLimits } from "../client/call.ts";
import type { CallOptions } from "../client/read-api.ts";
import { sharedController } from "../shared-controller.ts";
import { isObject } from "../given.ts";
import { bounded, listen, longestWaitMs, orAborted } from "./bounded.ts";
import { isBelieved } from "./belief.ts";
import type { AcquireOptions, AllHeld, LockHold, Locking, LockSet } from "./lock-api.ts";
import { SessionLock } from "./lock.ts";
import { isLostForRoom, restMs } from "./no-room.ts";
import { pause } from "./pause.ts";
import { ReentrantLock } from "./reentrant.ts";
import { runHeld } from "./run-held.ts";

/** How one lock of a set is taken; null, where that may be, when it is not to be had. */
type Take<None extends null> = (
  lock: Locking<AcquireOptions>,
  signal: AbortSignal,
) => Promise<LockHold | None>;

const inTurn: Take<never> = (lock, signal) => lock.acquire({ signal, timeoutMs: Infinity });
const atOnce: Take<null> = (lock, signal) => lock.tryAcquire({ signal, timeoutMs: Infinity });

/**
 * Several locks taken together, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when there is none, or one twice: it would wait for itself
 */
export function createLockSet(session: Session, locks: readonly Locking<AcquireOptions>[]): LockSet {
  const isFit = Array.isArray(locks) && locks.length > 0 && locks.every(isLock);
  if (!isFit || new Set(locks.map(placeOf)).size !== locks.length) {
    const message = "locks: expected one or more, each of another name";
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
  }
  return new SessionLockSet(session, locks);
}

/** A caller without types may hand over anything. */
function isLock(lock: unknown): boolean {
  const methods = ["acquire", "tryAcquire"] as const;
  if (!isObject(lock) || !("path" in lock) || typeof lock.path !== "string") return false;
  return methods.every((method) => method in lock && typeof Reflect.get(lock, method) === "function");
}

/** Where it stands in the whole tree: the same name in two namespaces is two locks. */
function placeOf(lock: Locking<AcquireOptions>): string {
  return lock instanceof SessionLock || lock instanceof ReentrantLock ? lock.place : lock.path;
}

class SessionLockSet implements LockSet {
  readonly #session: Session;
  readonly #locks: readonly Locking<AcquireOptions>[];

  constructor(session: Session, locks: readonly Locking<AcquireOptions>[]) {
    this.#session = session;
    this.#locks = [...locks];
  }

  acquire(options: AcquireOptions = {}): Promise<EachHeld> {
    return this.#take(options, inTurn);
  }

  tryAcquire(options: AcquireOptions = {}): Promise<EachHeld | null> {
    return this.#take(options, atOnce);
  }

  async run<T>(fn: (held: AllHeld) => Promise<T> | T, options: AcquireOptions = {}): Promise<T> {
    requireFunction(fn);
    return runHeld(this.#session, await this.acquire(options), fn);
  }

  #take<None extends null>(options: AcquireOptions, take: Take<None>): Promise<EachHeld | None> {
    const { clock, signal: end } = this.#session;
    const what = `acquisition of ${this.#locks.map(({ path }) => path).join(", ")}`;
    return bounded({ clock, options, fallbackMs: Infinity, end, what }, async (signal) => {
      for (;;) {
        const holds = await this.#takeAll(signal, take);
        if (holds === null) return holds;
        if (holds.every(isBelieved)) return new EachHeld(this.#session, holds);
        // One was lost while the next was waited for: all are given back, and back in line.
        await orAborted(giveBack(holds, { signal, timeoutMs: Infinity }), signal);
        if (holds.some(isLostForRoom)) await pause(this.#session.clock, restMs, signal);
      }
    });
  }

  /** In the order they were given. */
  async #takeAll<None extends null>(
    signal: AbortSignal,
    take: Take<None>,
  ): Promise<readonly LockHold[] | None> {
    const order = this.#locks.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    const taken = new Map<Locking<AcquireOptions>, LockHold>();
    let isComplete = false;
    try {
      for (const lock of order) {
        const hold = await take(lock, signal);
        if (hold === null) return hold;
        taken.set(lock, hold);
      }
      isComplete = true;
      return this.#locks.flatMap((lock) => taken.get(lock) ?? []);
    } finally {
      // In the background, as the place in line is.
      if (!isComplete) void giveBack([...taken.values()]);
    }
  }
}

/** All at once; it goes on when the wait for it ends. */
async function giveBack(holds: readonly LockHold[], bounds: CallOptions = {}): Promise<void> {
  await Promise.allSettled(holds.map((hold) => hold.release(bounds)));
}

class EachHeld implements AllHeld {
  readonly holds: readonly LockHold[];
  readonly #session: Session;
  readonly #controller = sharedController();
  readonly #stopListening: readonly (() => void)[];
  #isReleased = false;

  constructor(session: Session, holds: readonly LockHold[]) {
    this.#session = session;
    this.holds = holds;
    this.#stopListening = holds.map((hold) =>
      listen(hold.signal, (reason) => this.#controller.abort(reason)),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    return Math.min(...this.holds.map((hold) => hold.expiresIn));
  }

  /** By its holder, so that it is no loss. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  assert(): void {
    this.signal.throwIfAborted();
    for (const hold of this.holds) hold.assert();
  }

  async release(options: CallOptions = {}): Promise<void> {
    checkedLimits(options, longestWaitMs);
    if (!this.signal.aborted) this.#isReleased = true;
    this.#controller.abort(
      new FlotillaError("ERR_FLOTILLA_LOST", "they are no longer held: they were released"),
    );
    for (const stop of this.#stopListening) stop();
    const { clock } = this.#session;
    const bounds = { clock, options, fallbackMs: longestWaitMs, what: "release of several locks" };
    await bounded(bounds, async (signal) => {
      const releases = this.holds.map((hold) => hold.release({ signal, timeoutMs: Infinity }));
      const ends = await orAborted(Promise.allSettled(releases), signal);
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
