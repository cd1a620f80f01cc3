import type { Applied, LeaseId } from "@flotilla/kv";
import { encodeCommand } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { awaitedMs } from "../time-bounds.ts";
import type { LeaseTable, RaftPort } from "./raft-port.ts";
import type { Observer } from "./observer.ts";

/** How often stalls are measured and deadlines looked at, ms. */
const tickMs = 100;
/** A timer this late is a stall, ms. */
const stallMs = 20;
/** How often the leases are compared with the state machine's, in ticks. */
const sweepTicks = 10;
/** Leases in one command: one command must not take long to apply. */
const expiriesPerCommand = 64;

const nobody: ReadonlySet<LeaseId> = new Set();

/** A lease that is timed. */
interface Timed {
  readonly id: LeaseId;
  /** By the clock without its stalls. */
  deadlineMs: number;
  ttlMs: number;
  /** It is there, and not doomed. */
  isGood: boolean;
  /** Its end was proposed in this term. */
  isEnding: boolean;
}

interface Asked {
  readonly leases: readonly LeaseId[];
  /** The same, in the same order. */
  readonly timed: readonly (Timed | undefined)[];
  readonly term: number | null;
  readonly done: (refused: ReadonlySet<LeaseId>) => void;
}

/** What a keeper needs. */
export interface LeaseKeeperOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "read">;
  readonly leases: LeaseTable;
  readonly observer?: Observer;
  readonly probe?: (name: string) => void;
}

/**
 * Times of leases on the leader. Deadlines belong to one term and start anew with it; receipt of a renewal moves
 * them, a quorum round begun after it vouches for it, and nothing is vouched for once its end was proposed or it is
 * doomed: then the deadline stands.
 * On any other member it does nothing.
 */
export class LeaseKeeper {
  readonly #clock: Clock;
  readonly #raft: Pick<RaftPort, "propose" | "read">;
  readonly #leases: LeaseTable;
  readonly #observer: Observer;
  readonly #probe: (name: string) => void;
  /** The term this member leads and has committed in; null while it does not. */
  #term: number | null = null;
  readonly #timed = new Map<LeaseId, Timed>();
  #stalledMs = 0;
  #timer: Timer | undefined;
  #ticks = 0;
  /** No deadline that stands is before it, by the clock without its stalls. */
  #earliest = Number.POSITIVE_INFINITY;
  /** The changes to leases that were swept. */
  #swept = 0;
  /** The changes to leases that are known of those that are timed. */
  #known = 0;
  /** There are no leases: the timer waits for the next sweep. */
  #rests = false;
  #asked: Asked[] = [];
  #roundScheduled = false;
  #closed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#clock = options.clock;
    this.#raft = options.raft;
    this.#leases = options.leases;
    this.#observer = options.observer ?? {};
    this.#probe = options.probe ?? (() => {});
  }

  /** To be called in the turn the status changed. Does nothing once closed: the log may go on for a while. */
  onStatus(status: Pick<RaftStatus, "role" | "term" | "established">): void {
    if (this.#closed) return;
    const term = status.role === "leader" && status.established ? status.term : null;
    if (term === this.#term) return;
    this.#reset();
    this.#term = term;
    if (term === null) return;
    this.#swept = this.#leases.leaseChanges.count;
    this.#known = this.#swept;
    for (const { id, ttlMs } of this.#leases.leases()) this.#startDeadline(id, ttlMs);
    this.#arm();
  }

  /** To be called in the turn a command was applied. */
  onApplied(applied: Applied): void {
    if (this.#term === null) return;
    if (applied.type === "attached") this.#attached(applied.session, applied.ttlMs);
    if (applied.type === "expired") for (const lease of applied.leases) this.#forget(lease);
  }

  /**
   * Renewals received just now. Calls back with those it does not vouch for, at once when it is all of them
   * because this member does not lead; never when leadership is lost meanwhile.
   */
  renew(leases: readonly LeaseId[], done: (refused: ReadonlySet<LeaseId>) => void): void {
    this.#catchUp();
    const timed = leases.map((id) => this.#touch(id));
    this.#asked.push({ leases, timed, term: this.#term, done });
    if (this.#roundScheduled) return;
    this.#roundScheduled = true;
    this.#clock.defer(() => this.#round());
  }

  /** Until the end of a lease is proposed unless it is renewed, ms; null for one that is not timed here. */
  remainingMs(id: LeaseId): number | null {
    const timed = this.#timed.get(id);
    return timed === undefined ? null : Math.max(0, timed.deadlineMs - this.#steadyNow());
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#reset();
  }

  #reset(): void {
    this.#term = null;
    this.#timed.clear();
    this.#earliest = Number.POSITIVE_INFINITY;
    this.#rests = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #steadyNow(): number {
    return this.#clock.now() - this.#stalledMs;
  }

  #startDeadline(id: LeaseId, ttlMs: number): void {
    const known = this.#timed.get(id);
    const timed = known ?? {
      id,
      deadlineMs: 0,
      ttlMs,
      isGood: false,
      isEnding: false,
    };
    if (known === undefined) {
      this.#timed.set(id, timed);
      this.#look(timed);
    }
    this.#moveDeadline(timed, ttlMs);
  }

  #moveDeadline(timed: Timed, ttlMs: number): void {
    const deadlineMs = this.#steadyNow() + awaitedMs(ttlMs);
    if (timed.deadlineMs >= deadlineMs) return;
    timed.deadlineMs = deadlineMs;
    this.#earliest = Math.min(this.#earliest, deadlineMs);
    if (this.#rests) this.#arm();
    this.#observer.deadlineMoved?.(timed.id, deadlineMs + this.#stalledMs);
  }

  /** Moves the deadline of a lease that may still be renewed. Undefined for one that is not timed. */
  #touch(id: LeaseId): Timed | undefined {
    if (this.#term === null) return undefined;
    const known = this.#timed.get(id);
    if (known === undefined) {
      const lease = this.#leases.lease(id);
      if (lease === null || lease.doomed) return undefined;
      this.#startDeadline(id, lease.ttlMs);
      return this.#timed.get(id);
    }
    if (this.#isAlive(known)) this.#moveDeadline(known, known.ttlMs);
    return known;
  }

  /** Whoever attaches again and again does not put off its doom. */
  #attached(id: LeaseId, ttlMs: number): void {
    if (this.#leases.lease(id)?.doomed === true && this.#timed.has(id)) return;
    this.#startDeadline(id, ttlMs);
  }

  #round(): void {
    this.#roundScheduled = false;
    const asked = this.#asked;
    this.#asked = [];
    this.#confirmLeadership().then(
      () => this.#vouch(asked),
      () => this.#probe("renewals-unconfirmed"),
    );
  }

  async #confirmLeadership(): Promise<void> {
    await this.#raft.read({ leaderOnly: true });
  }

  #vouch(asked: readonly Asked[]): void {
    this.#catchUp();
    for (const { leases, timed, term, done } of asked) {
      if (this.#term === null || term !== this.#term) continue;
      // One that was not there at receipt has had its full time from a later moment on.
      const isRefused = (id: LeaseId, k: number): boolean => !this.#isAlive(timed[k] ?? this.#timed.get(id));
      const refused = leases.some(isRefused) ? new Set(leases.filter(isRefused)) : nobody;
      if (refused.size < leases.length)
        this.#observer.renewalsConfirmed?.(leases.filter((id) => !refused.has(id)));
      done(refused);
    }
  }

  /** Right once it has caught up. */
  #isAlive(timed: Timed | undefined): boolean {
    return timed !== undefined && !timed.isEnding && timed.isGood;
  }

  /** Looks up only the leases that changed: there are many, far apart in memory. */
  #catchUp(): void {
    const { leaseChanges } = this.#leases;
    const changed = leaseChanges.since(this.#known) ?? this.#timed.keys();
    this.#known = leaseChanges.count;
    for (const id of changed) {
      const timed = this.#timed.get(id);
      if (timed !== undefined) this.#look(timed);
    }
  }

  #look(timed: Timed): void {
    const lease = this.#leases.lease(timed.id);
    timed.isGood = lease !== null && !lease.doomed;
    timed.ttlMs = lease?.ttlMs ?? timed.ttlMs;
  }

  #arm(): void {
    this.#rests = this.#timed.size === 0;
    const ticks = this.#rests ? sweepTicks - (this.#ticks % sweepTicks) : 1;
    const due = this.#clock.now() + ticks * tickMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(ticks * tickMs, () => {
      const late = this.#clock.now() - due;
      if (late > stallMs) {
        this.#stalledMs += late;
        this.#probe("leader-stalled");
      }
      this.#ticks += ticks;
      const term = this.#term;
      this.#arm();
      this.#clock.defer(() => {
        if (term === this.#term) this.#examine();
      });
    });
  }

  #examine(): void {
    if (this.#term === null) return;
    this.#catchUp();
    if (this.#ticks % sweepTicks === 0) this.#sweep();
    const due = this.#due(this.#steadyNow());
    for (let start = 0; start < due.length; start += expiriesPerCommand) {
      this.#expire(due.slice(start, start + expiriesPerCommand), this.#term);
    }
  }

  /** Those whose deadline passed, sorted. Looks at all of them only when one may have. */
  #due(now: number): readonly LeaseId[] {
    const due: LeaseId[] = [];
    if (now < this.#earliest) return due;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { id, deadlineMs, isEnding } of this.#timed.values()) {
      if (isEnding) continue;
      if (deadlineMs <= now) due.push(id);
      else this.#earliest = Math.min(this.#earliest, deadlineMs);
    }
    return due.toSorted();
  }

  /** Finds leases made or ended by other commands than those told to `onApplied`. */
  #sweep(): void {
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

  /** @param ttlMs of the lease; absent when there is none */
  #find(id: LeaseId, ttlMs: number | undefined): void {
    if (ttlMs === undefined) this.#forget(id);
    else if (!this.#timed.has(id)) this.#startDeadline(id, ttlMs);
  }

  #expire(due: readonly LeaseId[], term: number): void {
    const leases = due.filter((id) => this.#leases.lease(id) !== null);
    if (leases.length === 0) return;
    this.#markEnding(leases, true);
    this.#observer.expiryProposed?.(leases, term);
    this.#propose(leases, term).catch((error: unknown) => {
      if (term === this.#term && isCertainlyAbsent(error)) this.#spare(leases);
    });
  }

  async #propose(leases: readonly LeaseId[], term: number): Promise<void> {
    const command = encodeCommand({ type: "expire", leases }, this.#leases.featureLevel);
    await this.#raft.propose(command, { ifTerm: term });
  }

  /** Their end never entered the log: they may be renewed again, and are looked at in the next tick. */
  #spare(leases: readonly LeaseId[]): void {
    this.#probe("expiry-dropped");
    this.#earliest = 0;
    this.#markEnding(leases, false);
  }

  #forget(id: LeaseId): void {
    // Whoever waits for a round about it must not take it for one of the same id that is made later.
    this.#markEnding([id], true);
    this.#timed.delete(id);
  }

  #markEnding(leases: readonly LeaseId[], isEnding: boolean): void {
    for (const id of leases) {
      const timed = this.#timed.get(id);
      if (timed !== undefined) timed.isEnding = isEnding;
    }
  }
}

function isCertainlyAbsent(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_DROPPED") || FlotillaError.is(error, "ERR_FLOTILLA_OVERLOADED")
  );
}
