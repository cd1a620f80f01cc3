import type { LeaseId, SessionId } from "@flotilla/kv";
import { awaitedMs } from "../time-bounds.ts";
import type { LeaseTable } from "./raft-port.ts";

/** So many leases of one session, renewed in a row, are timed as one from here on. */
const leastGrouped = 2;

/** A lease that is timed. */
interface Timed {
  readonly id: LeaseId;
  /** By the clock without its stalls. Its group's may be later, and counts then. */
  deadlineMs: number;
  ttlMs: number;
  /** Whose it is; null for one that is not there. */
  session: SessionId | null;
  /** It is there, and not doomed. */
  isGood: boolean;
  /** Its end was proposed in this term. */
  isEnding: boolean;
  group: Group | null;
}

/** Leases as a renewal named them, and what was timed then. */
export interface Renewed {
  readonly leases: readonly LeaseId[];
  /** In the same order; undefined for one that was not timed. */
  readonly timed: readonly (Timed | undefined)[];
  /** All of them may still be renewed: none came, changed or ended since. Right once it has caught up. */
  readonly isWhole: boolean;
}

/** Leases that were renewed by one list, and are by the same one again: its receipt is noted once for all. */
interface Group extends Renewed {
  readonly timed: readonly Timed[];
  /** Any change to one of its leases ends it: then each has its own deadline again. */
  isWhole: boolean;
  /** The last receipt, by the clock without its stalls. */
  renewedMs: number;
  readonly shortestMs: number;
}

/** What times need. */
export interface LeaseTimesOptions {
  readonly leases: LeaseTable;
  /** The clock without its stalls, ms. */
  readonly steadyNow: () => number;
  /** Hears of every deadline that moved, by the same clock. */
  readonly moved?: (id: LeaseId, deadlineMs: number) => void;
}

/**
 * When leases end unless they are renewed. A list that is renewed again as it was moves one time, not one of each
 * lease: what that means for a lease is the same as if it had been renewed by itself.
 */
export class LeaseTimes {
  readonly #leases: LeaseTable;
  readonly #steadyNow: () => number;
  readonly #moved: ((id: LeaseId, deadlineMs: number) => void) | undefined;
  readonly #timed = new Map<LeaseId, Timed>();
  /** Those in no group. */
  readonly #single = new Set<Timed>();
  readonly #groups = new Set<Group>();
  /** No deadline that stands is before it. */
  #earliest = Number.POSITIVE_INFINITY;
  /** The changes to leases that were swept. */
  #swept = 0;
  /** The changes to leases that are known of those that are timed. */
  #known = 0;

  constructor({ leases, steadyNow, moved }: LeaseTimesOptions) {
    this.#leases = leases;
    this.#steadyNow = steadyNow;
    this.#moved = moved;
  }

  get size(): number {
    return this.#timed.size;
  }

  /** Begins anew with every lease that is there: each gets its full time. */
  begin(): void {
    this.clear();
    this.#swept = this.#leases.leaseChanges.count;
    this.#known = this.#swept;
    for (const { id, ttlMs } of this.#leases.leases()) this.start(id, ttlMs);
  }

  clear(): void {
    for (const group of this.#groups) group.isWhole = false;
    this.#groups.clear();
    this.#single.clear();
    this.#timed.clear();
    this.#earliest = Number.POSITIVE_INFINITY;
  }

  /** Gives a lease its full time from now on. */
  start(id: LeaseId, ttlMs: number): void {
    let timed = this.#timed.get(id);
    if (timed === undefined) {
      timed = { id, deadlineMs: 0, ttlMs, session: null, isGood: false, isEnding: false, group: null };
      this.#timed.set(id, timed);
      this.#single.add(timed);
      this.#look(timed);
    }
    this.#move(timed, ttlMs);
  }

  has(id: LeaseId): boolean {
    return this.#timed.has(id);
  }

  /** Until a lease is due, ms, negative once it is; null for one that is not timed. */
  leftMs(id: LeaseId): number | null {
    const timed = this.#timed.get(id);
    return timed === undefined ? null : deadlineOf(timed) - this.#steadyNow();
  }

  /** A renewal was received: moves the deadlines of those that may still be renewed. To be called once it has caught up. */
  renew(list: readonly LeaseId[]): Renewed {
    const group = this.#groupOf(list[0]);
    if (group?.leases === list) {
      this.#renewGroup(group);
      return group;
    }
    const timed = list.map((id) => this.#touch(id));
    this.#group(list, timed);
    return { leases: list, timed, isWhole: false };
  }

  /** The list that is renewed as one and begins with that lease, for whoever finds the same ids in a message. */
  listFrom(first: LeaseId): readonly LeaseId[] | undefined {
    const leases = this.#groupOf(first)?.leases;
    return leases?.[0] === first ? leases : undefined;
  }

  /** Those of them that may be renewed no more. To be called once it has caught up. */
  refusedOf({ leases, timed, isWhole }: Renewed): readonly LeaseId[] {
    if (isWhole) return [];
    // One that was not there at receipt has had its full time from a later moment on.
    return leases.filter((id, k) => !isAlive(timed[k] ?? this.#timed.get(id)));
  }

  /** Looks up only the leases that changed: there are many, far apart in memory. */
  catchUp(): void {
    const { leaseChanges } = this.#leases;
    if (leaseChanges.count === this.#known) return;
    const changed = leaseChanges.since(this.#known) ?? this.#timed.keys();
    this.#known = leaseChanges.count;
    for (const id of changed) {
      const timed = this.#timed.get(id);
      if (timed !== undefined) this.#look(timed);
    }
  }

  /** Finds leases made or ended by commands that nobody told of. */
  sweep(): void {
    const { leaseChanges } = this.#leases;
    const changed = leaseChanges.since(this.#swept);
    this.#swept = leaseChanges.count;
    if (changed !== null) {
      for (const id of changed) this.#find(id, this.#leases.lease(id)?.ttlMs);
      return;
    }
    for (const { id, ttlMs } of this.#leases.leases()) this.#find(id, ttlMs);
    for (const id of this.#timed.keys()) this.#find(id, this.#leases.lease(id)?.ttlMs);
  }

  /** Those whose deadline passed, sorted. Looks at all of them only when one may have. */
  due(): readonly LeaseId[] {
    const due: LeaseId[] = [];
    const now = this.#steadyNow();
    if (now < this.#earliest) return due;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const group of this.#groups) {
      const firstMs = group.renewedMs + awaitedMs(group.shortestMs);
      if (firstMs <= now) this.#dissolve(group);
      else this.#earliest = Math.min(this.#earliest, firstMs);
    }
    for (const { id, deadlineMs, isEnding } of this.#single) {
      if (isEnding) continue;
      if (deadlineMs <= now) due.push(id);
      else this.#earliest = Math.min(this.#earliest, deadlineMs);
    }
    return due.toSorted();
  }

  /** Their end was proposed, and they may be renewed no more. */
  end(leases: readonly LeaseId[]): void {
    for (const id of leases) {
      const timed = this.#timed.get(id);
      if (timed === undefined) continue;
      this.#leaveGroup(timed);
      timed.isEnding = true;
    }
  }

  /** Their end will not be: they may be renewed again, and are due. */
  spare(leases: readonly LeaseId[]): void {
    this.#earliest = 0;
    for (const id of leases) {
      const timed = this.#timed.get(id);
      if (timed !== undefined) timed.isEnding = false;
    }
  }

  forget(id: LeaseId): void {
    // Whoever waits for a round about it must not take it for one of the same id that is made later.
    this.end([id]);
    const timed = this.#timed.get(id);
    if (timed !== undefined) this.#single.delete(timed);
    this.#timed.delete(id);
  }

  #groupOf(id: LeaseId | undefined): Group | null | undefined {
    return id === undefined ? undefined : this.#timed.get(id)?.group;
  }

  #renewGroup(group: Group): void {
    group.renewedMs = Math.max(group.renewedMs, this.#steadyNow());
    if (this.#moved !== undefined) for (const timed of group.timed) this.#moved(timed.id, deadlineOf(timed));
  }

  /** Moves the deadline of a lease that may still be renewed. Undefined for one that is not timed. */
  #touch(id: LeaseId): Timed | undefined {
    const known = this.#timed.get(id);
    if (known === undefined) {
      const lease = this.#leases.lease(id);
      if (lease === null || lease.doomed) return undefined;
      this.start(id, lease.ttlMs);
      return this.#timed.get(id);
    }
    if (isAlive(known)) this.#move(known, known.ttlMs);
    return known;
  }

  #move(timed: Timed, ttlMs: number): void {
    const deadlineMs = this.#steadyNow() + awaitedMs(ttlMs);
    if (deadlineOf(timed) >= deadlineMs) return;
    timed.deadlineMs = deadlineMs;
    this.#earliest = Math.min(this.#earliest, deadlineMs);
    this.#moved?.(timed.id, deadlineMs);
  }

  /** Times as one what of a list that was renewed just now is of one session each, in a row. */
  #group(list: readonly LeaseId[], timed: readonly (Timed | undefined)[]): void {
    for (let start = 0; start < list.length;) {
      const session = timed[start]?.session ?? null;
      let end = start + 1;
      while (end < list.length && (timed[end]?.session ?? null) === session) end += 1;
      const row = end - start === list.length ? list : list.slice(start, end);
      if (session !== null && row.length >= leastGrouped) this.#join(row, timed.slice(start, end));
      start = end;
    }
  }

  #join(leases: readonly LeaseId[], candidates: readonly (Timed | undefined)[]): void {
    const timed = candidates.filter(isAlive);
    if (timed.length < leases.length || new Set(timed).size < timed.length) return;
    const shortestMs = timed.reduce((least, { ttlMs }) => Math.min(least, ttlMs), Number.POSITIVE_INFINITY);
    const group: Group = { leases, timed, isWhole: true, renewedMs: this.#steadyNow(), shortestMs };
    for (const each of timed) {
      this.#leaveGroup(each);
      each.group = group;
      this.#single.delete(each);
    }
    this.#groups.add(group);
  }

  #leaveGroup({ group }: Timed): void {
    if (group !== null) this.#dissolve(group);
  }

  #dissolve(group: Group): void {
    group.isWhole = false;
    this.#groups.delete(group);
    for (const timed of group.timed) {
      timed.deadlineMs = deadlineOf(timed);
      timed.group = null;
      this.#single.add(timed);
    }
  }

  #look(timed: Timed): void {
    const lease = this.#leases.lease(timed.id);
    const isGood = lease !== null && !lease.doomed;
    const { ttlMs, session } = lease ?? { ttlMs: timed.ttlMs, session: null };
    if (isGood === timed.isGood && ttlMs === timed.ttlMs && session === timed.session) return;
    this.#leaveGroup(timed);
    timed.isGood = isGood;
    timed.ttlMs = ttlMs;
    timed.session = session;
  }

  /** @param ttlMs of the lease; absent when there is none */
  #find(id: LeaseId, ttlMs: number | undefined): void {
    if (ttlMs === undefined) this.forget(id);
    else if (!this.#timed.has(id)) this.start(id, ttlMs);
  }
}

function deadlineOf({ deadlineMs, ttlMs, group }: Timed): number {
  return group === null ? deadlineMs : Math.max(deadlineMs, group.renewedMs + awaitedMs(ttlMs));
}

/** Right once it has caught up. */
function isAlive(timed: Timed | undefined): timed is Timed {
  return timed !== undefined && !timed.isEnding && timed.isGood;
}
