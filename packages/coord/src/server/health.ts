import type { RaftNode, RaftStatus } from "@flotilla/raft";
import type { Clock } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions } from "../client/read-api.ts";
import { type CallLimits, callLimits, PlainWait } from "../client/call.ts";
import { Deadlines } from "../client/deadlines.ts";
import type { NodeHealth, NodeLiveness } from "./api.ts";
import type { ReadGate } from "./read-gate.ts";

const defaultTimeoutMs = 2_000;
/** What the disk takes longer for will not come back, ms. Where that is a batch of the log, a leader steps down much sooner. */
const hangingDiskMs = 30_000;

export interface HealthCheckOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftNode, "diskWaitMs" | "status">;
  readonly reads: Pick<ReadGate, "confirm">;
  /** Why it does not go on; null while it does. */
  readonly ending: () => "stopped" | "closing" | null;
}

/** Tells what a member is fit for. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  readonly #deadlines: Deadlines;
  readonly #waits = new Set<PlainWait<boolean>>();

  constructor(options: HealthCheckOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock);
  }

  /** Asks nobody, so that it answers at once whatever has become of the others. */
  liveness(): NodeLiveness {
    const end = this.#options.ending();
    const isLost = end === "stopped" || this.#options.raft.diskWaitMs >= hangingDiskMs;
    return { live: !isLost, problems: isLost ? [this.#problem(end)] : [] };
  }

  async check(options?: CallOptions): Promise<NodeHealth> {
    const limits = callLimits(options, defaultTimeoutMs);
    const { live, problems } = this.liveness();
    if (!live) return { live, ready: false, problems };
    if (this.#options.ending() === null && (await this.#serves(limits)))
      return { live, ready: true, problems: [] };
    return { ...this.liveness(), ready: false, problems: [this.#problem(this.#options.ending())] };
  }

  /** Nobody is asked any more: whoever waits hears that it does not serve. */
  close(): void {
    for (const wait of this.#waits) wait.resolve(false);
    this.#deadlines.stop();
  }

  /** @throws FlotillaError `ERR_FLOTILLA_ABORTED` */
  async #serves(limits: CallLimits): Promise<boolean> {
    const { raft, reads } = this.#options;
    // A member of no cluster has nobody to ask.
    if (raft.status().configuration.voters.length === 0) return false;
    const wait = new PlainWait<boolean>(this.#deadlines, limits, "health");
    this.#waits.add(wait);
    reads.confirm((confirmed) => wait.resolve(confirmed));
    try {
      return await wait.promise;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT")) return false;
      throw error;
    } finally {
      this.#waits.delete(wait);
    }
  }

  #problem(end: "stopped" | "closing" | null): string {
    if (end !== null) return end === "stopped" ? "it has stopped" : "it is closing";
    const { diskWaitMs } = this.#options.raft;
    const { leader, configuration, peers } = this.#options.raft.status();
    if (diskWaitMs >= hangingDiskMs) return `the disk has not answered for ${Math.round(diskWaitMs)} ms`;
    if (configuration.voters.length === 0) return "it belongs to no cluster yet";
    if (leader !== null) return "no linearizable read was answered in time";
    return (configuration.historyId === "" ? unmet(peers) : null) ?? "no leader is known";
  }
}

/** Of founders that have not elected anybody yet; null when all of them are there. */
function unmet(peers: RaftStatus["peers"]): string | null {
  const missing = peers.filter(({ connected }) => !connected).map(({ id }) => id);
  if (missing.length === 0) return null;
  return `${missing.join(", ")} not reached yet: the first election takes every founding member`;
}
