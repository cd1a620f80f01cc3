import type { Fence, Session } from "../client/api.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import { FlotillaError } from "@flotilla/runtime";
import { sharedController } from "../shared-controller.ts";
import { listen } from "./bounded.ts";
import type { AcquireOptions, Lock, LockHold, LockReport } from "./lock-api.ts";
import { runHeld } from "./run-held.ts";

/** A hold, and how many share it. */
interface Shared {
  readonly hold: LockHold;
  users: number;
}

/** A lock whose holder may ask for it again. */
export class ReentrantLock implements Lock {
  readonly #session: Session;
  readonly #lock: Lock;
  #shared: Shared | null = null;

  constructor(session: Session, lock: Lock) {
    this.#session = session;
    this.#lock = lock;
  }

  get name(): string {
    return this.#lock.name;
  }

  get path(): string {
    return this.#lock.path;
  }

  async acquire(options: AcquireOptions = {}): Promise<SharedHold> {
    return this.#enter(this.#living() ?? (await this.#lock.acquire(options)));
  }

  async tryAcquire(options: AcquireOptions = {}): Promise<SharedHold | null> {
    const hold = this.#living() ?? (await this.#lock.tryAcquire(options));
    return hold === null ? null : this.#enter(hold);
  }

  async run<T>(fn: (held: LockHold) => Promise<T> | T, options: AcquireOptions = {}): Promise<T> {
    return runHeld(this.#session, await this.acquire(options), fn);
  }

  inspect(options?: ReadOptions): Promise<LockReport> {
    return this.#lock.inspect(options);
  }

  askBack(options?: CallOptions): Promise<number> {
    return this.#lock.askBack(options);
  }

  #living(): LockHold | null {
    const hold = this.#shared?.hold;
    return hold === undefined || hold.signal.aborted || hold.expiresIn <= 0 ? null : hold;
  }

  #enter(hold: LockHold): SharedHold {
    const shared = this.#shared?.hold === hold ? this.#shared : { hold, users: 0 };
    this.#shared = shared;
    return new SharedHold(shared);
  }
}

/** One of those who share a hold: the last to release it gives it up. */
class SharedHold implements LockHold {
  readonly #shared: Shared;
  readonly #controller = sharedController();
  readonly #stopListening: () => void;
  #hasLeft = false;
  #isReleased = false;

  constructor(shared: Shared) {
    this.#shared = shared;
    shared.users += 1;
    this.#stopListening = listen(shared.hold.signal, (reason) => this.#controller.abort(reason));
  }

  get epoch(): number {
    return this.#shared.hold.epoch;
  }

  get fence(): Fence {
    return this.#shared.hold.fence;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    const { expiresIn } = this.#shared.hold;
    return this.signal.aborted ? Math.min(0, expiresIn) : expiresIn;
  }

  /** By its holder, so that it is no loss. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#shared.hold.assert();
  }

  askedBack(options?: CallOptions): Promise<AbortSignal> {
    return this.#shared.hold.askedBack(options);
  }

  async release(options?: CallOptions): Promise<void> {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#isReleased = !this.signal.aborted;
      this.#controller.abort(new FlotillaError("ERR_FLOTILLA_LOST", "it is no longer held: it was released"));
      this.#stopListening();
      this.#shared.users -= 1;
    }
    if (this.#shared.users === 0) await this.#shared.hold.release(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
