import { FlotillaError } from "@flotilla/runtime";
import type { Host, Timer } from "@flotilla/runtime";
import type { SoftState, TransferEnd } from "../core/ready.ts";
import type { NodeId } from "../core/types.ts";

interface Waiting {
  readonly resolve: (leader: NodeId) => void;
  readonly reject: (error: FlotillaError) => void;
  readonly timer: Timer;
}

/** What a hand-over stands on. */
export interface HandoverOptions {
  readonly host: Pick<Host, "clock" | "logger" | "probe">;
  readonly id: NodeId;
  /** The caller waits at most twice as long. */
  readonly electionTimeoutMs: number;
}

function failed(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_NOT_TRANSFERRED", `leadership was not handed over: ${why}`);
}

/** The caller of a hand-over, from the call until another member leads or it has come to nothing. */
export class Handover {
  readonly #options: HandoverOptions;
  readonly #start: (to: NodeId | null) => void;
  #waiting: Waiting | null = null;

  /** `start` has the core begin. */
  constructor(options: HandoverOptions, start: (to: NodeId | null) => void) {
    this.#options = options;
    this.#start = start;
  }

  /**
   * Starts it and waits. While another call waits nothing is started.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_TRANSFERRED`
   */
  begin(to: NodeId | null): Promise<NodeId> {
    if (this.#waiting !== null) return Promise.reject(failed("a transfer is under way"));
    const { host, electionTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = host.clock.setTimer(2 * electionTimeoutMs, () =>
        this.fail("nobody else is known to lead"),
      );
      this.#waiting = { resolve, reject, timer };
      this.#start(to);
    });
  }

  /** This leader stalls too often: as long as it leads, nobody who could do better is elected. */
  makeWay(): void {
    const { host, id } = this.#options;
    host.probe("raft-leader-stalls");
    host.logger.warn({ id }, "this process stalls too often to lead well, it hands over");
    this.begin(null).catch(() => {});
  }

  /** To be called when what the node believes has changed. */
  believed({ role, leader }: SoftState): void {
    if (role === "leader" || leader === null || leader === this.#options.id) return;
    this.#take()?.resolve(leader);
  }

  /** The core gave up on it, or never began. */
  ended(how: TransferEnd): void {
    this.fail(
      how === "refused"
        ? "this node does not lead, or the target is no voter at hand"
        : "the target did not take over within an election timeout",
    );
  }

  fail(why: string): void {
    this.#take()?.reject(failed(why));
  }

  #take(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.timer.cancel();
    return waiting;
  }
}
