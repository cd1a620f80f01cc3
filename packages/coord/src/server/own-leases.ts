import type { LeaseChanges, LeaseId, LeaseInfo, SessionId } from "@flotilla/kv";

/** From here on a look at what changed of late costs less than one at each lease. */
const manyLeases = 16;

/** What a client renews, sorted by whose it is. */
export interface OwnShare {
  /** The very list that was asked for when all of it is. */
  readonly own: readonly LeaseId[];
  /** Of nobody, or of another session. */
  readonly foreign: readonly LeaseId[];
  /** The shortest time to live of its own, ms; `Infinity` without any. */
  readonly shortestMs: number;
}

const none: readonly LeaseId[] = [];
const nothing: OwnShare = { own: none, foreign: none, shortestMs: Number.POSITIVE_INFINITY };

/** Leases as they are here. */
export interface OwnedLeases {
  readonly leaseChanges: Pick<LeaseChanges, "count" | "since">;
  lease(id: LeaseId): LeaseInfo | null;
}

/** Which of these leases a session has. */
export function shareOf(
  machine: Pick<OwnedLeases, "lease">,
  session: SessionId,
  leases: readonly LeaseId[],
): OwnShare {
  const own: LeaseId[] = [];
  const foreign: LeaseId[] = [];
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const id of leases) {
    const lease = machine.lease(id);
    if (lease === null || lease.session !== session) {
      foreign.push(id);
    } else {
      own.push(id);
      shortestMs = Math.min(shortestMs, lease.ttlMs);
    }
  }
  return foreign.length === 0 ? { own: leases, foreign: none, shortestMs } : { own, foreign, shortestMs };
}

/** The same for one session that mostly asks for the same object again. Looks them up only when leases changed. */
export class OwnLeases {
  readonly #machine: OwnedLeases;
  #asked: readonly LeaseId[] | null = null;
  #share = nothing;
  /** The changes to leases that are known. */
  #known = 0;

  constructor(machine: OwnedLeases) {
    this.#machine = machine;
  }

  of(session: SessionId, leases: readonly LeaseId[]): OwnShare {
    if (leases !== this.#asked || this.#haveChanged(leases)) {
      this.#share = shareOf(this.#machine, session, leases);
      this.#asked = leases;
    }
    this.#known = this.#machine.leaseChanges.count;
    return this.#share;
  }

  #haveChanged(leases: readonly LeaseId[]): boolean {
    const { leaseChanges } = this.#machine;
    if (leaseChanges.count === this.#known) return false;
    const changed = leases.length < manyLeases ? null : leaseChanges.since(this.#known);
    return changed === null || leases.some((id) => changed.has(id));
  }
}
