import type { Fence, Session } from "../client/api.ts";
import { requireFunction } from "../client/bad-argument.ts";
import { checkedLimits } from "../client/call.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import { FlotillaError } from "@flotilla/runtime";
import { sharedController } from "../shared-controller.ts";
import { bounded, listen, longestWaitMs, orAborted } from "./bounded.ts";
import { isBelieved } from "./belief.ts";
import type { AcquireOptions, Lock, LockHold, LockReport } from "./lock-api.ts";
import { runHeld } from "./run-held.ts";

/** How the lock is come by; null when it is not to be had. */
type Take = (lock: Lock, bounds: AcquireOptions) => Promise<LockHold | null>;

const inTurn: Take = (lock, bounds) => lock.acquire(bounds);
const atOnce: Take = (lock, bounds) => lock.tryAcquire(bounds);

/** A lock that tells where it stands, whatever namespace it is seen from. */
interface PlacedLock extends Lock {
  readonly place: string;
}

/** A lock whose holder may ask for it again. */
export class ReentrantLock implements PlacedLock {
  readonly #session: Session;
  readonly #lock: PlacedLock;
  #shared: Shared | null = null;

  constructor(session: Session, lock: PlacedLock) {
    this.#session = session;
    this.#lock = lock;
  }

  get name(): string {
    return this.#lock.name;
  }

  get path(): string {
    return this.#lock.path;
  }

  get place(): string {
    return this.#lock.place;
  }

  acquire(options: AcquireOptions = {}): Promise<SharedHold> {
    return this.#bounded(options, async (signal) => {
      for (;;) {
        const held = await this.#sharedBy(inTurn).join(signal);
        if (held !== null) return held;
        // It shared an attempt, which found the lock taken.
      }
    });
  }

  tryAcquire(options: AcquireOptions = {}): Promise<SharedHold | null> {
    return this.#bounded(options, async (signal) => {
      const shared = this.#sharedBy(atOnce);
      return shared.isInLine ? null : shared.join(signal);
    });
  }

  async run<T>(fn: (held: LockHold) => Promise<T> | T, options: AcquireOptions = {}): Promise<T> {
    requireFunction(fn);
    return runHeld(this.#session, await this.acquire(options), fn);
  }

  inspect(options?: ReadOptions): Promise<LockReport> {
    return this.#lock.inspect(options);
  }

  askBack(options?: CallOptions): Promise<number> {
    return this.#lock.askBack(options);
  }

  #bounded<T>(options: AcquireOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, signal: end } = this.#session;
    const what = `acquisition of ${this.path}`;
    return bounded({ clock, options, fallbackMs: Infinity, end, what }, work);
  }

  /** What others share already, or else something new. */
  #sharedBy(take: Take): Shared {
    if (this.#shared?.isOpen !== true) this.#shared = new Shared(this.#lock, take);
    return this.#shared;
  }
}

/** A hold, or the wait for one, and how many share it: given up when nobody does any more. */
class Shared {
  readonly #take: Take;
  readonly #giveUp = sharedController();
  readonly #taking: Promise<LockHold | null>;
  #hold: LockHold | null = null;
  #isTaken = false;
  #users = 0;

  constructor(lock: Lock, take: Take) {
    this.#take = take;
    this.#taking = this.#taken(take(lock, { signal: this.#giveUp.signal, timeoutMs: Infinity }));
    // Told to whoever waits for it.
    this.#taking.catch(() => {});
  }

  /** Whether somebody else may share it. */
  get isOpen(): boolean {
    if (!this.#isTaken) return !this.#giveUp.signal.aborted;
    return this.#hold !== null && isBelieved(this.#hold);
  }

  /** Whether it may be long until it is held. */
  get isInLine(): boolean {
    return !this.#isTaken && this.#take === inTurn;
  }

  /** Null when it was not to be had. Rejects with the signal's reason, and with what ended the wait for all. */
  async join(signal: AbortSignal): Promise<SharedHold | null> {
    this.#users += 1;
    try {
      const hold = await orAborted(this.#taking, signal);
      if (hold !== null) return new SharedHold(this, hold);
    } catch (error) {
      this.leave();
      void this.release().catch(() => {});
      throw error;
    }
    this.leave();
    return null;
  }

  /** Whoever shares it does so no more. A wait that is nobody's ends. */
  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#giveUp.abort();
  }

  /** Gives it up once all have left. */
  async release(options?: CallOptions): Promise<void> {
    if (this.#users === 0) await this.#hold?.release(options);
  }

  async #taken(taking: Promise<LockHold | null>): Promise<LockHold | null> {
    try {
      this.#hold = await taking;
      // All left at the very moment of the grant.
      void this.release().catch(() => {});
      return this.#hold;
    } finally {
      this.#isTaken = true;
    }
  }
}

/** One of those who share a hold: the last to release it gives it up. */
class SharedHold implements LockHold {
  readonly #shared: Shared;
  readonly #hold: LockHold;
  readonly #controller = sharedController();
  readonly #stopListening: () => void;
  #hasLeft = false;
  #isReleased = false;

  constructor(shared: Shared, hold: LockHold) {
    this.#shared = shared;
    this.#hold = hold;
    this.#stopListening = listen(hold.signal, (reason) => this.#controller.abort(reason));
  }

  get epoch(): number {
    return this.#hold.epoch;
  }

  get fence(): Fence {
    return this.#hold.fence;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    const { expiresIn } = this.#hold;
    return this.signal.aborted ? Math.min(0, expiresIn) : expiresIn;
  }

  /** By its holder, so that it is no loss. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#hold.assert();
  }

  askedBack(options?: CallOptions): Promise<AbortSignal> {
    return this.#hold.askedBack(options);
  }

  async release(options?: CallOptions): Promise<void> {
    checkedLimits(options, longestWaitMs);
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#isReleased = !this.signal.aborted;
      this.#controller.abort(new FlotillaError("ERR_FLOTILLA_LOST", "it is no longer held: it was released"));
      this.#stopListening();
      this.#shared.leave();
    }
    await this.#shared.release(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
