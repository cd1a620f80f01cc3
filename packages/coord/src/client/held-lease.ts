import type { LeaseId } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Lease } from "./api.ts";
import type { CallOptions } from "./read-api.ts";
import type { LeasePeriod, Moment } from "./lease-period.ts";

/** What a lease is made of. */
export interface HeldLeaseOptions {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /** Its own belief, counted from the first send of its grant. */
  readonly period: LeasePeriod;
  /** The session's: the leader ends a session with all of its leases, however long they are. */
  readonly within: LeasePeriod;
  /** Has it ended in the tree. */
  readonly revoke: (options: CallOptions | undefined) => Promise<void>;
  /** Called once when it lapses; not when it is revoked, or over with the session. */
  readonly lapsed: () => void;
}

/** A lease besides the session's own, for as long as it may be believed in. */
export class HeldLease implements Lease {
  readonly id: LeaseId;
  readonly ttlMs: number;
  readonly #period: LeasePeriod;
  readonly #within: LeasePeriod;
  readonly #revoke: (options: CallOptions | undefined) => Promise<void>;
  #revoked: Promise<void> | undefined;
  #isEnded = false;

  constructor({ id, ttlMs, period, within, revoke, lapsed }: HeldLeaseOptions) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.#period = period;
    this.#within = within;
    this.#revoke = revoke;
    const { signal } = period;
    within.signal.addEventListener("abort", () => this.check(), { once: true, signal });
    this.check();
    const tell = (): void => {
      if (!this.#isEnded) lapsed();
    };
    if (signal.aborted) tell();
    else signal.addEventListener("abort", tell, { once: true });
  }

  get signal(): AbortSignal {
    return this.#period.signal;
  }

  /** How often it is renewed, ms. */
  get renewMs(): number {
    return this.#period.renewMs;
  }

  get expiresIn(): number {
    return Math.min(this.#period.expiresIn, this.#within.expiresIn);
  }

  assert(): void {
    if (this.#within.expiresIn <= 0) this.#period.end("the session's lease lapsed");
    this.#period.assert();
  }

  revoke(options?: CallOptions): Promise<void> {
    this.end("the lease was revoked");
    this.#revoked ??= this.#tell(options);
    return this.#revoked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.revoke();
    } catch (error) {
      // It is renewed no more, and ends by itself.
      if (!FlotillaError.is(error)) throw error;
    }
  }

  /** Ends the belief when its signal is due, or the session's fired. True while it lives. */
  check(): boolean {
    if (this.#within.signal.aborted) this.#period.end("the session's lease lapsed");
    return this.#period.check();
  }

  /** Moves the belief to a later send that was confirmed. */
  extend(since: Moment): void {
    if (this.check()) this.#period.extend(since);
  }

  /** Whether it took effect is open when it fails: it may be asked for again. */
  async #tell(options: CallOptions | undefined): Promise<void> {
    try {
      await this.#revoke(options);
    } catch (error) {
      this.#revoked = undefined;
      throw error;
    }
  }

  /** Ends the belief and fires the signal, without a lapse. */
  end(why: string): void {
    this.#isEnded = true;
    this.#period.end(why);
  }
}
