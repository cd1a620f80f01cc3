import { limits } from "./limits.ts";
import type { Session } from "./session-table.ts";
import type { State } from "./state.ts";
import type { LeaseId, LeaseInfo, SessionId } from "./types.ts";

export interface SessionInfo {
  readonly id: SessionId;
  readonly ttlMs: number;
  readonly attach: number;
  readonly lastSeq: number;
  /** Its leases, its own among them. */
  readonly leases: number;
  /** Nodes that end with one of them. */
  readonly nodes: number;
  /** Its own lease is renewed no more. */
  readonly doomed: boolean;
}

/** A page of sessions, sorted by id. */
export interface SessionsPage {
  readonly sessions: readonly SessionInfo[];
  /** Pass as `after` for the next page; null when this was the last. */
  readonly next: SessionId | null;
}

/** A lease and what it has. */
export interface LeaseEntry extends LeaseInfo {
  /** Nodes that end with it. */
  readonly nodes: number;
}

/** A page of leases, sorted by id. */
export interface LeasesPage {
  readonly leases: readonly LeaseEntry[];
  /** Pass as `after` for the next page; null when this was the last. */
  readonly next: LeaseId | null;
}

/** What there is to tell of a session. Costs by the number of its leases. */
export function sessionInfo({ tree, sessions }: State, session: Session): SessionInfo {
  const { id, ttlMs, attach, window } = session;
  const leases = sessions.leasesOf(id);
  let nodes = 0;
  for (const lease of leases) nodes += tree.owned(lease).size;
  const doomed = sessions.lease(id)?.doomed ?? false;
  return { id, ttlMs, attach, lastSeq: window.lastSeq, leases: leases.length, nodes, doomed };
}

function pageOf<T extends { readonly id: string }>(
  found: readonly T[],
  size: number,
): { readonly items: readonly T[]; readonly next: string | null } {
  const items = found.slice(0, size);
  return { items, next: found.length > size ? (items.at(-1)?.id ?? null) : null };
}

/** At most `limit` sessions of those after `after`; see `Machine.sessionsPage`. */
export function sessionsPage(state: State, after: SessionId | null, limit: number): SessionsPage {
  const size = Math.min(Math.max(1, limit), limits.sessionsPage);
  const { items, next } = pageOf(state.sessions.page(after, size + 1), size);
  return { sessions: items.map((session) => sessionInfo(state, session)), next };
}

/** At most `limit` leases of those after `after`; see `Machine.leasesPage`. */
export function leasesPage(state: State, after: LeaseId | null, limit: number): LeasesPage {
  const size = Math.min(Math.max(1, limit), limits.leasesPage);
  const { items, next } = pageOf(state.sessions.leasesAfter(after, size + 1), size);
  return { leases: items.map((lease) => ({ ...lease, nodes: state.tree.owned(lease.id).size })), next };
}
