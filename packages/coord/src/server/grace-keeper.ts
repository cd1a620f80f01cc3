import { encodeCommand } from "@flotilla/kv";
import type { Machine } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { Clock, Timer } from "@flotilla/runtime";
import { awaitedMs } from "../time-bounds.ts";
import type { RaftPort } from "./raft-port.ts";

/** After a proposal that came to nothing, ms. */
const retryMs = 1_000;

/** What a keeper of the grace period needs. */
export interface GraceKeeperOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose">;
  readonly machine: Pick<Machine, "graceMs" | "featureLevel">;
  readonly probe?: (name: string) => void;
}

/**
 * Ends the grace period after a restore, on the leader: once all of it has passed on its own monotonic clock, within
 * the term it leads. A new leader waits for all of it anew, as nobody knows how much of it the one before had seen.
 * Sets no timer when there is none.
 */
export class GraceKeeper {
  readonly #options: GraceKeeperOptions;
  /** The term this member leads and has committed in; null while it does not. */
  #term: number | null = null;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: GraceKeeperOptions) {
    this.#options = options;
  }

  /** To be called in the turn the status changed. */
  onStatus(status: Pick<RaftStatus, "role" | "term" | "established">): void {
    if (this.#closed) return;
    const term = status.role === "leader" && status.established ? status.term : null;
    if (term === this.#term) return;
    this.#stop();
    this.#term = term;
    const { graceMs } = this.#options.machine;
    if (term !== null && graceMs > 0) this.#arm(awaitedMs(graceMs), term);
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    this.#term = null;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number, term: number): void {
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#end(term));
  }

  #end(term: number): void {
    const { raft, machine, probe } = this.#options;
    const command = encodeCommand({ type: "end-grace" }, machine.featureLevel).slice();
    raft.propose(command, { ifTerm: term, isReserved: true }).then(
      () => probe?.("grace-ended"),
      // Whatever became of it: while this member leads, it sees to it that the period ends.
      () => {
        if (this.#term === term && machine.graceMs > 0) this.#arm(retryMs, term);
      },
    );
  }
}
