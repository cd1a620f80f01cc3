import { encodeCommand } from "@flotilla/kv";
import type { Machine } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { Clock, Logger, Timer } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";

/** After a proposal that came to nothing, ms. */
const retryMs = 1_000;

/** What a feature keeper needs. */
export interface FeatureKeeperOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "status">;
  readonly machine: Pick<Machine, "featureLevel" | "newestLevel">;
  readonly logger: Logger;
}

/** What of a member's status the level depends on. */
export type FeatureStatus = Pick<
  RaftStatus,
  "role" | "term" | "established" | "peers" | "configurationCommitted"
>;

/**
 * Has the cluster agree on the highest feature level that all members know, on the leader: once every member of the
 * committed configuration, learners too, is connected and has said what it knows. Sets no timer but to try again.
 */
export class FeatureKeeper {
  readonly #options: FeatureKeeperOptions;
  #isProposing = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: FeatureKeeperOptions) {
    this.#options = options;
  }

  /** To be called in the turn the status changed. */
  onStatus(status: FeatureStatus): void {
    if (this.#closed || this.#isProposing || this.#timer !== undefined) return;
    const { machine } = this.#options;
    const level = commonLevel(status, machine.newestLevel);
    if (level > machine.featureLevel) void this.#propose(level, status.term);
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #propose(level: number, term: number): Promise<void> {
    const { raft, machine, logger } = this.#options;
    this.#isProposing = true;
    try {
      const command = encodeCommand({ type: "set-feature-level", level }, machine.featureLevel).slice();
      await raft.propose(command, { ifTerm: term });
      logger.info({ level }, "the cluster agreed on a feature level");
    } catch (error) {
      logger.debug({ err: error, level }, "the cluster did not agree on a feature level yet");
      this.#tryLater();
    }
    this.#isProposing = false;
  }

  #tryLater(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(retryMs, () => {
      this.#timer = undefined;
      this.onStatus(this.#options.raft.status());
    });
  }
}

/** The highest level that all members know; 0 where nobody can tell, or this member does not lead. */
function commonLevel(status: FeatureStatus, own: number): number {
  const { role, established, configurationCommitted, peers } = status;
  if (role !== "leader" || !established || !configurationCommitted) return 0;
  return peers.reduce((lowest, { level }) => Math.min(lowest, level ?? 0), own);
}
