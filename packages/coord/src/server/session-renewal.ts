import type { LeaseId, SessionId } from "@flotilla/kv";
import type { RenewMessage } from "../wire/messages.ts";
import { RenewedList } from "../wire/renewed-list.ts";
import type { OwnedLeases } from "./own-leases.ts";
import { OwnLeases } from "./own-leases.ts";
import type { Renewal, RenewalOwner, Renewals } from "./renewals.ts";

/** What sessions here share. */
export interface RenewalContext {
  readonly machine: OwnedLeases;
  readonly renewals: Pick<Renewals, "renew" | "forget">;
}

/** The renewals of one client. */
export class SessionRenewal implements RenewalOwner {
  latest: Renewal | null | undefined;
  /** For whoever reads what it sends. */
  readonly list: RenewedList = new RenewedList();
  readonly #context: RenewalContext;
  readonly #leases: OwnLeases;

  constructor(context: RenewalContext) {
    this.#context = context;
    this.#leases = new OwnLeases(context.machine);
  }

  /** @param answer called with those that nobody vouches for; never when none is its own, or nobody leads */
  renew(session: SessionId, { leases }: RenewMessage, answer: (refused: readonly LeaseId[]) => void): void {
    const { own, foreign, shortestMs } = this.#leases.of(session, leases);
    // What is not its own takes no memory here.
    if (foreign.length > 0) this.list.forget();
    if (own.length === 0) return;
    const done = (unvouched: ReadonlySet<LeaseId>): void =>
      answer(unvouched.size === 0 ? foreign : [...foreign, ...own.filter((id) => unvouched.has(id))]);
    this.#context.renewals.renew({ owner: this, leases: own, shortestMs, done });
  }

  /** The client is gone. */
  end(): void {
    this.#context.renewals.forget(this);
  }
}
