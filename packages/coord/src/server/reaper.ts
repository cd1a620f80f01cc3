import type { Applied, Machine } from "@flotilla/kv";
import { encodeCommand } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { Clock, Timer } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";

/** From the end of one look at all nodes to the next, ms. */
const restMs = 1_000;
/** From one part of a look to the next, ms: deletions leave room for everything else. */
const stepMs = 20;
/** Nodes looked at in one part. */
const looksPerStep = 1_000;
/** Nodes deleted by one command: it must not take long to apply. */
const pathsPerCommand = 64;

/** What a reaper needs. */
export interface ReaperOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose">;
  readonly machine: Pick<Machine, "mortals" | "reapable" | "revision" | "featureLevel">;
  readonly probe?: (name: string) => void;
}

/**
 * Has containers and nodes with a time to live deleted when they are over, on the leader; elsewhere it does nothing.
 * It only proposes: the wall clock here may be wrong, and the tree judges each node again by the time in the log, which
 * is ahead of that clock once it was ahead at an earlier leader, and then passes half as fast as that clock. So
 * a node is never deleted early, and late by the time that a look at all of them takes: about a second, and one more
 * for every 50,000 of them or 3,000 to be deleted. Sets no timer while there are none.
 */
export class Reaper {
  readonly #options: ReaperOptions;
  readonly #probe: (name: string) => void;
  /** The term this member leads and has committed in; null while it does not. */
  #term: number | null = null;
  #after: string | null = null;
  #timer: Timer | undefined;
  #isProposing = false;
  #closed = false;
  /** Time in the log of the command applied last. */
  #seenMs = 0;
  /** When that was, monotonic ms. */
  #seenAtMs = 0;
  /**
   * The most by which the time in the log was seen ahead of the monotonic clock in this leader's term, in which it passes no
   * faster than that; null before.
   */
  #aheadMs: number | null = null;

  constructor(options: ReaperOptions) {
    this.#options = options;
    this.#probe = options.probe ?? (() => {});
  }

  /** To be called in the turn the status changed. Does nothing once closed: the log may go on for a while. */
  onStatus(status: Pick<RaftStatus, "role" | "term" | "established">): void {
    if (this.#closed) return;
    const term = status.role === "leader" && status.established ? status.term : null;
    if (term === this.#term) return;
    this.#stop();
    this.#term = term;
    this.#arm(restMs);
  }

  /**
   * To be called in the turn a command was applied: it may have made the first node to look after.
   * @param timeMs its time in the log
   */
  onApplied(applied: Applied, timeMs: number): void {
    this.#seenMs = timeMs;
    this.#seenAtMs = this.#options.clock.now();
    if (this.#aheadMs !== null) this.#aheadMs = Math.max(this.#aheadMs, this.#seenMs - this.#seenAtMs);
    if (applied.type === "answered") this.#arm(restMs);
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    this.#term = null;
    this.#aheadMs = null;
    this.#after = null;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    if (this.#term === null || this.#timer !== undefined || this.#isProposing) return;
    if (this.#options.machine.mortals === 0) return;
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { machine } = this.#options;
    const query = {
      timeMs: this.#logTimeMs(),
      after: this.#after,
      limit: pathsPerCommand,
      looks: looksPerStep,
    };
    const { paths, next } = machine.reapable(query);
    this.#after = next;
    if (paths.length === 0) this.#rest();
    else this.#propose(paths);
  }

  /** What the time in the log has come to, as far as can be told. */
  #logTimeMs(): number {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const timeMs = Math.max(clock.wallNow(), this.#seenMs + Math.floor((nowMs - this.#seenAtMs) / 2));
    // A wall clock that was set ahead since the term began is not followed.
    return this.#aheadMs === null ? timeMs : Math.min(timeMs, Math.floor(nowMs + this.#aheadMs));
  }

  #rest(): void {
    this.#arm(this.#after === null ? restMs : stepMs);
  }

  #propose(paths: readonly string[]): void {
    const { raft, machine } = this.#options;
    const term = this.#term;
    if (term === null) return;
    this.#isProposing = true;
    const command = encodeCommand({ type: "reap", seen: machine.revision, paths }, machine.featureLevel);
    const settled = (probe: string): void => {
      this.#isProposing = false;
      this.#probe(probe);
      this.#rest();
    };
    raft.propose(command, { ifTerm: term, isReserved: true }).then(
      () => {
        if (this.#term === term) this.#aheadMs ??= this.#seenMs - this.#seenAtMs;
        settled("reap-applied");
      },
      // Whatever became of it: the next look finds what is still there.
      () => settled("reap-unsettled"),
    );
  }
}
