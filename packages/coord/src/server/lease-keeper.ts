import type { Applied, LeaseId } from "@flotilla/kv";
import { encodeCommand, limits } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { Clock, Timer } from "@flotilla/runtime";
import { isCertainlyAbsent } from "./certainly-absent.ts";
import type { Renewed } from "./lease-times.ts";
import { LeaseTimes } from "./lease-times.ts";
import type { Observer } from "./observer.ts";
import type { LeaseTable, RaftPort } from "./raft-port.ts";

/** How often stalls are measured and deadlines looked at, ms. */
const tickMs = 100;
/** A timer this late is a stall, ms. */
const stallMs = 20;
/** How often the leases are compared with the state machine's, in ticks. */
const sweepTicks = 10;
/** Leases in one command: one command must not take long to apply. Their nodes are at most as many as one may touch. */
const expiriesPerCommand = 64;

const nobody: ReadonlySet<LeaseId> = new Set();

interface Asked {
  readonly renewed: readonly Renewed[];
  readonly term: number;
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
  readonly #times: LeaseTimes;
  #stalledMs = 0;
  #timer: Timer | undefined;
  #ticks = 0;
  /** There are no leases: the timer waits for the next sweep. */
  #rests = false;
  #asked: Asked[] = [];
  #isRoundAsked = false;
  #closed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#clock = options.clock;
    this.#raft = options.raft;
    this.#leases = options.leases;
    this.#observer = options.observer ?? {};
    this.#probe = options.probe ?? (() => {});
    const tell = (id: LeaseId, deadlineMs: number): void =>
      this.#observer.deadlineMoved?.(id, deadlineMs + this.#stalledMs);
    this.#times = new LeaseTimes({
      leases: options.leases,
      steadyNow: () => this.#steadyNow(),
      ...(this.#observer.deadlineMoved === undefined ? {} : { moved: tell }),
    });
  }

  /** To be called in the turn the status changed. Does nothing once closed: the log may go on for a while. */
  onStatus(status: Pick<RaftStatus, "role" | "term" | "established">): void {
    if (this.#closed) return;
    const term = status.role === "leader" && status.established ? status.term : null;
    if (term === this.#term) return;
    this.#reset();
    this.#term = term;
    if (term === null) return;
    this.#times.begin();
    this.#arm();
  }

  /** To be called in the turn a command was applied. */
  onApplied(applied: Applied): void {
    if (this.#term === null) return;
    if (applied.type === "attached") this.#attached(applied.session, applied.ttlMs);
    if (applied.type === "expired") for (const lease of applied.leases) this.#times.forget(lease);
  }

  /**
   * Renewals received just now, in lists: one that is handed over again as the same object costs little. Calls back with
   * those that it does not vouch for, of all of them; never when this member does not lead, or not all the while.
   */
  renew(lists: readonly (readonly LeaseId[])[], done: (refused: ReadonlySet<LeaseId>) => void): void {
    if (this.#term === null) return;
    this.#times.catchUp();
    this.#asked.push({ renewed: lists.map((list) => this.#times.renew(list)), term: this.#term, done });
    this.#wake();
    this.#askForRound();
  }

  /** A list that is renewed again and again, by the first of its leases. */
  listFrom(first: LeaseId): readonly LeaseId[] | undefined {
    return this.#times.listFrom(first);
  }

  /** Until the end of a lease is proposed unless it is renewed, ms; null for one that is not timed here. */
  remainingMs(id: LeaseId): number | null {
    const left = this.#times.leftMs(id);
    return left === null ? null : Math.max(0, left);
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#reset();
  }

  #reset(): void {
    this.#term = null;
    this.#times.clear();
    this.#rests = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #steadyNow(): number {
    return this.#clock.now() - this.#stalledMs;
  }

  /** There are leases again. */
  #wake(): void {
    if (this.#rests && this.#times.size > 0) this.#arm();
  }

  /** Whoever attaches again and again does not put off its doom. */
  #attached(id: LeaseId, ttlMs: number): void {
    if (this.#leases.lease(id)?.doomed === true && this.#times.has(id)) return;
    this.#times.start(id, ttlMs);
    this.#wake();
  }

  /** One at a time: whatever comes while one is under way shares the next. */
  #askForRound(): void {
    if (this.#isRoundAsked) return;
    this.#isRoundAsked = true;
    this.#clock.defer(() => this.#round());
  }

  #round(): void {
    const asked = this.#asked;
    this.#asked = [];
    const over = (): void => {
      this.#isRoundAsked = false;
      if (this.#asked.length > 0) this.#askForRound();
    };
    this.#confirmLeadership().then(
      () => {
        over();
        this.#vouch(asked);
      },
      () => {
        over();
        this.#probe("renewals-unconfirmed");
      },
    );
  }

  async #confirmLeadership(): Promise<void> {
    await this.#raft.read({ leaderOnly: true });
  }

  #vouch(asked: readonly Asked[]): void {
    this.#times.catchUp();
    for (const { renewed, term, done } of asked) {
      if (term !== this.#term) continue;
      const refused = renewed.flatMap((each) => this.#times.refusedOf(each));
      const unvouched = refused.length === 0 ? nobody : new Set(refused);
      this.#tellConfirmed(renewed, unvouched);
      done(unvouched);
    }
  }

  #tellConfirmed(renewed: readonly Renewed[], refused: ReadonlySet<LeaseId>): void {
    if (this.#observer.renewalsConfirmed === undefined) return;
    const vouched = renewed.flatMap(({ leases }) => leases).filter((id) => !refused.has(id));
    if (vouched.length > 0) this.#observer.renewalsConfirmed(vouched);
  }

  #arm(): void {
    this.#rests = this.#times.size === 0;
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
    this.#times.catchUp();
    if (this.#ticks % sweepTicks === 0) this.#times.sweep();
    this.#wake();
    for (const leases of this.#commandsOf(this.#times.due())) this.#expire(leases, this.#term);
  }

  /** Those of the leases that are there, as many at a time as one command ends. */
  #commandsOf(due: readonly LeaseId[]): readonly LeaseId[][] {
    const commands: LeaseId[][] = [];
    let last: LeaseId[] = [];
    let nodes = 0;
    for (const id of due) {
      if (this.#leases.lease(id) === null) continue;
      const owned = this.#leases.owned(id);
      nodes += owned;
      if (commands.length === 0 || last.length === expiriesPerCommand || nodes > limits.nodesPerCommand) {
        last = [];
        commands.push(last);
        nodes = owned;
      }
      last.push(id);
    }
    return commands;
  }

  #expire(leases: readonly LeaseId[], term: number): void {
    this.#times.end(leases);
    this.#observer.expiryProposed?.(leases, term);
    this.#propose(leases, term).catch((error: unknown) => {
      if (term === this.#term && isCertainlyAbsent(error)) this.#spare(leases);
    });
  }

  async #propose(leases: readonly LeaseId[], term: number): Promise<void> {
    const command = encodeCommand({ type: "expire", leases }, this.#leases.featureLevel);
    await this.#raft.propose(command, { ifTerm: term, isReserved: true });
  }

  /** Their end never entered the log: they may be renewed again, and are looked at in the next tick. */
  #spare(leases: readonly LeaseId[]): void {
    this.#probe("expiry-dropped");
    this.#times.spare(leases);
  }
}
