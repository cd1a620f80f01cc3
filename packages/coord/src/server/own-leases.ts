import type { LeaseId, LeaseInfo, SessionId } from "@flotilla/kv";

/** What a client renews, sorted by whose it is. */
export interface OwnLeases {
  readonly own: readonly LeaseId[];
  /** Of nobody, or of another session. */
  readonly foreign: readonly LeaseId[];
  /** The shortest time to live of its own, ms; `Infinity` without any. */
  readonly shortestMs: number;
}

/** Which of these leases a session has. */
export function ownLeases(
  machine: { lease(id: LeaseId): LeaseInfo | null },
  session: SessionId,
  leases: readonly LeaseId[],
): OwnLeases {
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
  return { own, foreign, shortestMs };
}
