import { invariant } from "@flotilla/runtime";
import type { Limits } from "../options.ts";
import type { Index } from "../types.ts";
import { CatchUp } from "./catch-up.ts";
import { Inflights } from "./inflights.ts";

/** `probe`: where its log meets ours is unknown, one message at a time. `replicate`: a stream. `snapshot`: it needs one first. */
export type ProgressState = "probe" | "replicate" | "snapshot";

/** When a peer ceased to be a member. */
export interface Left {
  /** Index of the configuration without it. */
  readonly index: Index;
  readonly tick: number;
}

/** What a leader knows about one peer. */
export class Progress {
  #incarnation: string;
  /** Not null for a peer that is no member any more: it may still learn so. */
  left: Left | null = null;
  #catchUp: CatchUp | null = null;
  readonly inflights: Inflights;
  #state: ProgressState = "probe";
  // Invariant: `#match` never decreases within a leadership; `#match < #next`.
  #match: Index = 0;
  #next: Index;
  #paused = false;
  #snapshotIndex: Index = 0;
  /** An empty append is due: what was sent may be lost. */
  #doubtful = false;
  /** The commit index it will know once what was sent has arrived. */
  commitSent: Index = 0;
  /** Until when word of a commit may wait for entries to travel with, monotonic ms; null: it may not wait. */
  #commitDueMs: number | null = null;
  /** The newest entry that it handed to us: it wants to know as soon as that is committed. */
  handedOver: Index = 0;
  /** Tick of the last message from it. */
  heardTick: number;
  /** Highest heartbeat round it answered. */
  round = 0;

  constructor(incarnation: string, next: Index, tick: number, limits: Limits) {
    this.#incarnation = incarnation;
    this.#next = next;
    this.heardTick = tick;
    this.inflights = new Inflights(limits.inflightMessages, limits.inflightBytes);
  }

  /** The data that counts; empty while the cluster is being founded. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /** True when this is about that data. What was known before the data had a name is about whichever gets it. */
  isAbout(incarnation: string): boolean {
    if (this.#incarnation === "") this.#incarnation = incarnation;
    return this.#incarnation === incarnation;
  }

  /** How a learner is catching up; null for a voter. */
  get catchUp(): CatchUp | null {
    return this.#catchUp;
  }

  /** It is a learner, and the log ends at `last` now. */
  watchCatchUp(last: Index, tick: number): void {
    this.#catchUp ??= new CatchUp(last, tick);
  }

  /** It is a voter. */
  endCatchUp(): void {
    this.#catchUp = null;
  }

  get state(): ProgressState {
    return this.#state;
  }

  /** Everything up to here equals our log and is durable there. */
  get match(): Index {
    return this.#match;
  }

  /** Index of the next entry to send. */
  get next(): Index {
    return this.#next;
  }

  /** True when no append may be sent now. */
  get blocked(): boolean {
    if (this.#state === "replicate") return this.inflights.full;
    return this.#state === "snapshot" || this.#paused;
  }

  /** True when an append is due and may be sent, given the last entry and the commit index. */
  isDue(last: Index, commit: Index, nowMs: number): boolean {
    if (this.blocked) return false;
    if (this.#state === "probe" || this.#doubtful || this.#next <= last) return true;
    if (!this.#owesCommit(commit)) return false;
    return this.handedOver > this.commitSent || this.#commitDueMs === null || nowMs >= this.#commitDueMs;
  }

  /** True for a voter that holds everything up to `last`, the end of our log, durably. */
  isLevel(last: Index): boolean {
    return (
      this.#state === "replicate" && this.#match === last && this.#catchUp === null && this.left === null
    );
  }

  /** When nothing but word of the commit becomes due, monotonic ms; null: that is not what it waits for. */
  commitDueMs(commit: Index): number | null {
    return this.#owesCommit(commit) && !this.blocked ? this.#commitDueMs : null;
  }

  /** The commit index grew: word of it may wait until then for entries to travel with. */
  commitGrew(untilMs: number): void {
    this.#commitDueMs = Math.min(this.#commitDueMs ?? untilMs, untilMs);
  }

  becomeProbe(next: Index): void {
    this.#state = "probe";
    this.#next = Math.max(next, this.#match + 1);
    this.#paused = false;
    this.commitSent = 0;
    this.inflights.clear();
  }

  becomeSnapshot(index: Index): void {
    this.#state = "snapshot";
    this.#snapshotIndex = index;
    this.commitSent = 0;
    this.inflights.clear();
  }

  /** Notes an append with entries up to `last` and a commit index; `last` is `next - 1` when it was empty. */
  sent(last: Index, bytes: number, commit: Index): void {
    if (last + 1 < this.#next) invariant(false, "SendForward", { last, next: this.#next });
    this.#doubtful = false;
    this.#commitDueMs = null;
    this.commitSent = Math.min(commit, last);
    if (this.#state === "probe") {
      this.#paused = true;
    } else if (last >= this.#next) {
      this.inflights.add(last, bytes);
      this.#next = last + 1;
    }
  }

  /** It holds everything up to `index`, durably; `compacted` is the last entry no longer in our log. */
  acknowledged(index: Index, compacted: Index): void {
    if (index > this.#match) {
      this.#match = index;
      this.#next = Math.max(this.#next, index + 1);
    }
    if (this.#state === "replicate") this.inflights.freeTo(index);
    else if (index === this.#match && (this.#state === "probe" || index >= compacted))
      this.#becomeReplicate();
  }

  /**
   * It refused an append after `prev`; what it may share with us ends at `shared`. Answers to anything but the
   * outstanding question are ignored.
   */
  refused(prev: Index, shared: Index): void {
    if (prev <= this.#match || this.#state === "snapshot") return;
    if (this.#state === "replicate" && prev < this.#next) this.becomeProbe(shared + 1);
    else if (prev === this.#next - 1) this.becomeProbe(Math.min(prev, shared + 1));
  }

  /** It is alive: one more question may be asked, and a full window opens by one, because messages may be lost. */
  reopen(last: Index): void {
    this.#paused = false;
    this.#doubtful = this.#match < last;
    if (this.#state === "replicate" && this.inflights.full) this.inflights.freeFirst();
  }

  /** The stream of a snapshot ended. */
  snapshotSent(ok: boolean): void {
    if (this.#state !== "snapshot") return;
    this.becomeProbe(ok ? this.#snapshotIndex + 1 : this.#match + 1);
    this.#paused = true;
  }

  #owesCommit(commit: Index): boolean {
    return Math.min(commit, this.#next - 1) > this.commitSent;
  }

  #becomeReplicate(): void {
    this.#state = "replicate";
    this.#next = this.#match + 1;
    this.#paused = false;
    this.inflights.clear();
  }
}
