import { invariant } from "@flotilla/runtime";
import { membersOf } from "./config/configuration.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Stamped } from "./event.ts";
import { LeaderLease } from "./lease.ts";
import { fitsUncommitted } from "./options.ts";
import type { Limits } from "./options.ts";
import { ReadQueue } from "./read-queue.ts";
import type { Transfer } from "./transfer.ts";
import { Progress } from "./tracker/progress.ts";
import type { Left } from "./tracker/progress.ts";
import type { Index, NodeId } from "./types.ts";

/** Entries appended by this leader and not committed yet, as one call appended them. */
interface Uncommitted {
  readonly firstIndex: Index;
  readonly count: number;
  readonly bytes: number;
  /** The local proposals among them: id of the first; null for others' and for our own entries. */
  readonly firstId: number | null;
}

/** A run of local proposals. */
export interface LocalRun {
  readonly firstId: number;
  readonly count: number;
}

/** A leader as its view of the others needs it. */
interface Following {
  readonly self: NodeId;
  /** The entry that brought the configuration. */
  readonly next: Index;
  readonly tick: number;
  readonly limits: Limits;
}

/** What exists only while leading, and only for one term. */
export class Leadership {
  /** Of every other member, and of those that left until they could learn it. */
  readonly progress: Map<NodeId, Progress> = new Map();
  readonly reads: ReadQueue = new ReadQueue();
  /** The first entry of this term; once it is committed, so is everything before it. */
  readonly firstIndex: Index;
  /** Number of the newest heartbeat round. */
  round = 0;
  /** Tick of the newest heartbeat round. */
  roundTick: number;
  readonly lease: LeaderLease;
  /** For whom entries were last read back from the disk. */
  readFor: NodeId | null = null;
  /** The hand-over under way; no new entries meanwhile. */
  transfer: Transfer | null = null;
  /** This leader is no voter any more and has tried to hand over. */
  retires = false;
  readonly #clock: { readonly wallMs: number; readonly nowMs: number };
  // Invariant: ascending by index; the sums below are over it.
  #uncommitted: Uncommitted[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(
    firstIndex: Index,
    lastTimeMs: number,
    now: Stamped,
    tick: number,
    limits: Limits,
    pledgeMs: number,
  ) {
    this.firstIndex = firstIndex;
    this.roundTick = tick;
    this.lease = new LeaderLease(pledgeMs);
    this.#clock = { wallMs: Math.max(Math.floor(now.wallMs), lastTimeMs), nowMs: now.nowMs };
  }

  /** Follows the configuration: new data starts over, and who left is kept until it could learn so. */
  follow(configuration: Configuration, { self, next, tick, limits }: Following): void {
    const members = membersOf(configuration).filter(({ id }) => id !== self);
    const learners = new Set(configuration.learners.map(({ id }) => id));
    for (const { id, incarnation } of members) {
      let progress = this.progress.get(id);
      if (progress?.isAbout(incarnation) !== true) {
        progress = new Progress(incarnation, next, tick, limits);
        this.progress.set(id, progress);
      }
      progress.left = null;
      if (learners.has(id)) progress.watchCatchUp(next, tick);
      else progress.endCatchUp();
    }
    const present = new Set(members.map(({ id }) => id));
    for (const [id, progress] of this.progress)
      if (!present.has(id)) progress.left ??= { index: configuration.index, tick };
  }

  /** Forgets who left long ago, and who has been sent the commit of the configuration without it and is gone. */
  forgetLeft(commit: Index, isOver: (left: Left, progress: Progress, id: NodeId) => boolean): void {
    for (const [id, progress] of this.progress) {
      const { left } = progress;
      if (left !== null && left.index <= commit && isOver(left, progress, id)) this.progress.delete(id);
    }
  }

  /**
   * Stamp of an entry: wall time, but never back, never faster than the monotonic clock since the term began, and never
   * slower than half of it: a leader before whose wall clock was ahead would hold up all that is due otherwise.
   */
  stamp(now: Stamped, lastTimeMs: number): number {
    const passedMs = Math.max(0, Math.floor(now.nowMs - this.#clock.nowMs));
    const latest = this.#clock.wallMs + passedMs;
    const earliest = this.#clock.wallMs + Math.floor(passedMs / 2);
    return Math.max(lastTimeMs, Math.min(Math.max(Math.floor(now.wallMs), earliest), latest));
  }

  /** True when that much more may be appended now. A lone batch of any size is admitted. */
  admits(count: number, bytes: number, limits: Limits): boolean {
    if (this.#entries === 0) return true;
    return fitsUncommitted(this.#entries + count, this.#bytes + bytes, limits);
  }

  appended(item: Uncommitted): void {
    this.#uncommitted.push(item);
    this.#entries += item.count;
    this.#bytes += item.bytes;
  }

  /** Forgets what is committed up to `index`. */
  committed(index: Index): void {
    let done = 0;
    for (const item of this.#uncommitted) {
      if (item.firstIndex + item.count - 1 > index) break;
      this.#entries -= item.count;
      this.#bytes -= item.bytes;
      done += 1;
    }
    this.#uncommitted.splice(0, done);
    invariant(this.#entries >= 0 && this.#bytes >= 0, "UncommittedCounted");
  }

  /** Local proposals above `index`, whose fate the next leader decides. */
  undecidedAbove(index: Index): LocalRun[] {
    const runs: LocalRun[] = [];
    for (const { firstIndex, count, firstId } of this.#uncommitted) {
      if (firstId === null) continue;
      const skip = Math.max(0, index - firstIndex + 1);
      if (skip < count) runs.push({ firstId: firstId + skip, count: count - skip });
    }
    return runs;
  }
}
