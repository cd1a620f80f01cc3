import type { LeaseId } from "@flotilla/kv";
import type { HeldLease } from "./held-lease.ts";
import type { Moment } from "./lease-period.ts";

interface Member {
  readonly lease: HeldLease;
  /** The first renewal that names it. */
  readonly fromNumber: number;
}

/** The leases that are renewed together with the session's own. A lease leaves it when its signal fires. */
export class LeaseSet {
  readonly #members = new Map<LeaseId, Member>();
  /** What was renewed last; null once a lease came or went. */
  #list: readonly LeaseId[] | null = null;

  /** How often they have to be renewed, ms; `Infinity` without a lease. */
  get renewMs(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { lease } of this.#members.values()) soonest = Math.min(soonest, lease.renewMs);
    return soonest;
  }

  /** @param fromNumber number of the next renewal */
  add(lease: HeldLease, fromNumber: number): void {
    if (lease.signal.aborted) return;
    this.#members.set(lease.id, { lease, fromNumber });
    this.#list = null;
    lease.signal.addEventListener("abort", () => this.#remove(lease.id), { once: true });
  }

  /** What is to be renewed now, the session's own first: the same object as the last time where it is the same. */
  renewable(session: LeaseId): readonly LeaseId[] {
    // One whose time is over leaves in here.
    for (const { lease } of this.#members.values()) lease.check();
    this.#list ??= [session, ...this.#members.keys()];
    return this.#list;
  }

  /** A renewal was acknowledged for all leases in it but those refused. */
  confirm(number: number, moment: Moment, refused: readonly LeaseId[]): void {
    for (const { lease, fromNumber } of this.#members.values())
      if (number >= fromNumber && !refused.includes(lease.id)) lease.extend(moment);
  }

  /** Ends the belief in all of them. */
  end(why: string): void {
    for (const { lease } of this.#members.values()) lease.end(why);
  }

  #remove(id: LeaseId): void {
    this.#members.delete(id);
    this.#list = null;
  }
}
