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

interface Asked {
  readonly leases: readonly LeaseId[];
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
  /** By the clock without its stalls. */
  readonly #deadlines = new Map<LeaseId, number>();
  /** Their end was proposed in this term. */
  readonly #ending = new Set<LeaseId>();
  #stalledMs = 0;
  #timer: Timer | undefined;
  #ticks = 0;
  /** No deadline that stands is before it, by the clock without its stalls. */
  #earliest = Number.POSITIVE_INFINITY;
  /** Commands were applied since the last sweep. */
  #mustSweep = true;
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
    for (const { id, ttlMs } of this.#leases.leases()) this.#startDeadline(id, ttlMs);
    this.#arm();
  }

  /** To be called in the turn a command was applied. */
  onApplied(applied: Applied): void {
    if (this.#term === null) return;
    this.#mustSweep = true;
    if (applied.type === "attached") this.#attached(applied.session, applied.ttlMs);
    if (applied.type === "expired") for (const lease of applied.leases) this.#forget(lease);
  }

  /**
   * Renewals received just now. Calls back with those it does not vouch for, at once when it is all of them
   * because this member does not lead; never when leadership is lost meanwhile.
   */
  renew(leases: readonly LeaseId[], done: (refused: ReadonlySet<LeaseId>) => void): void {
    for (const id of leases) this.#touch(id);
    this.#asked.push({ leases, done });
    if (this.#roundScheduled) return;
    this.#roundScheduled = true;
    this.#clock.defer(() => this.#round());
  }

  /** Until the end of a lease is proposed unless it is renewed, ms; null for one that is not timed here. */
  remainingMs(id: LeaseId): number | null {
    const deadline = this.#deadlines.get(id);
    return deadline === undefined ? null : Math.max(0, deadline - this.#steadyNow());
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#reset();
  }

  #reset(): void {
    this.#term = null;
    this.#deadlines.clear();
    this.#ending.clear();
    this.#earliest = Number.POSITIVE_INFINITY;
    this.#mustSweep = true;
    this.#rests = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #steadyNow(): number {
    return this.#clock.now() - this.#stalledMs;
  }

  #startDeadline(id: LeaseId, ttlMs: number): void {
    const deadline = this.#steadyNow() + awaitedMs(ttlMs);
    if ((this.#deadlines.get(id) ?? 0) >= deadline) return;
    this.#deadlines.set(id, deadline);
    this.#earliest = Math.min(this.#earliest, deadline);
    if (this.#rests) this.#arm();
    this.#observer.deadlineMoved?.(id, deadline + this.#stalledMs);
  }

  #touch(id: LeaseId): void {
    if (this.#term === null || this.#ending.has(id)) return;
    const lease = this.#leases.lease(id);
    if (lease !== null && !lease.doomed) this.#startDeadline(id, lease.ttlMs);
  }

  /** Whoever attaches again and again does not put off its doom. */
  #attached(id: LeaseId, ttlMs: number): void {
    if (this.#leases.lease(id)?.doomed === true && this.#deadlines.has(id)) return;
    this.#startDeadline(id, ttlMs);
  }

  #forget(id: LeaseId): void {
    this.#deadlines.delete(id);
    this.#ending.delete(id);
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
    if (this.#term === null) return;
    for (const { leases, done } of asked) {
      const refused = new Set(leases.filter((id) => !this.#isAlive(id)));
      if (refused.size < leases.length)
        this.#observer.renewalsConfirmed?.(leases.filter((id) => !refused.has(id)));
      done(refused);
    }
  }

  #isAlive(id: LeaseId): boolean {
    const lease = this.#leases.lease(id);
    return !this.#ending.has(id) && this.#deadlines.has(id) && lease !== null && !lease.doomed;
  }

  #arm(): void {
    this.#rests = this.#deadlines.size === 0;
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
    for (const [id, deadline] of this.#deadlines) {
      if (this.#ending.has(id)) continue;
      if (deadline <= now) due.push(id);
      else this.#earliest = Math.min(this.#earliest, deadline);
    }
    return due.toSorted();
  }

  /** Finds leases made or ended by other commands than those told to `onApplied`. */
  #sweep(): void {
    if (!this.#mustSweep) return;
    this.#mustSweep = false;
    for (const { id, ttlMs } of this.#leases.leases())
      if (!this.#deadlines.has(id)) this.#startDeadline(id, ttlMs);
    for (const id of this.#deadlines.keys()) if (this.#leases.lease(id) === null) this.#forget(id);
  }

  #expire(due: readonly LeaseId[], term: number): void {
    const leases = due.filter((id) => this.#leases.lease(id) !== null);
    if (leases.length === 0) return;
    for (const id of leases) this.#ending.add(id);
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
    for (const id of leases) this.#ending.delete(id);
  }
}

function isCertainlyAbsent(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_DROPPED") || FlotillaError.is(error, "ERR_FLOTILLA_OVERLOADED")
  );
}
