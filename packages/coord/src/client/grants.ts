import type { LeaseId } from "@flotilla/kv";
import type { ClientHost } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { badArgument } from "./bad-argument.ts";
import type { GrantOptions, Lease } from "./api.ts";
import type { CallOptions } from "./read-api.ts";
import type { Attachment } from "./attachment.ts";
import { requireOptions } from "./call.ts";
import { HeldLease } from "./held-lease.ts";
import { hex } from "./hex.ts";
import type { LeaseTimes, Moment } from "./lease-period.ts";
import { LeasePeriod, momentOf } from "./lease-period.ts";
import type { WriteCall } from "./write-window.ts";

/** What a session lends for its leases. */
export interface GrantsOptions {
  readonly host: ClientHost;
  readonly attachment: Attachment;
  /** Sends an operation about a lease. */
  readonly write: (
    operation: WriteCall["operation"],
    options: CallOptions | undefined,
    onFirstSend?: () => void,
  ) => Promise<unknown>;
}

function timesOf(ttlMs: number, options: GrantOptions): LeaseTimes {
  if (typeof ttlMs !== "number") throw badArgument("ttlMs: expected a number");
  const { maxStallMs = ttlMs / 5 } = options;
  if (typeof maxStallMs === "number" && maxStallMs >= 0 && maxStallMs <= ttlMs / 2)
    return { ttlMs, maxStallMs };
  throw badArgument("maxStallMs: expected 0 to half of the ttl");
}

/** Grants a session's further leases, and gives back what lapsed. */
export class Grants {
  readonly #options: GrantsOptions;

  constructor(options: GrantsOptions) {
    this.#options = options;
  }

  /** See `Session.grant`. */
  async grant(ttlMs: number, options: GrantOptions): Promise<Lease> {
    requireOptions(options);
    const { host } = this.#options;
    const times = timesOf(ttlMs, options);
    const id = hex(host.random.bytes(16));
    const since = await this.#open(id, ttlMs, options);
    const lease = new HeldLease({
      id,
      ttlMs,
      period: new LeasePeriod(host.clock, times, since),
      within: this.#options.attachment.lease,
      revoke: (given) => this.#revoke(id, given),
      lapsed: () => this.#giveBack(id),
    });
    if (!lease.check()) throw new FlotillaError("ERR_FLOTILLA_LOST", "the lease lapsed before it was known");
    this.#options.attachment.hold(lease);
    return lease;
  }

  /** When the grant was first sent. */
  async #open(id: LeaseId, ttlMs: number, options: CallOptions): Promise<Moment> {
    const { host, write } = this.#options;
    let since = momentOf(host.clock);
    try {
      await write({ type: "grant", lease: id, ttlMs }, options, () => {
        since = momentOf(host.clock);
      });
      return since;
    } catch (error) {
      if (FlotillaError.is(error) && error.ambiguous) this.#giveBack(id);
      throw error;
    }
  }

  async #revoke(id: LeaseId, options: CallOptions | undefined): Promise<void> {
    // It goes with the session.
    if (this.#options.attachment.state.isFinal) return;
    try {
      await this.#options.write({ type: "revoke", lease: id }, options);
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }

  /** Has it ended as soon as the tree can be told: somebody may wait for its nodes to go. */
  #giveBack(id: LeaseId): void {
    this.#revoke(id, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => {
      // The leader ends it by itself, or with the session.
    });
  }
}
