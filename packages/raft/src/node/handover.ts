import { FlotillaError } from "@flotilla/runtime";
import type { Clock, Timer } from "@flotilla/runtime";
import type { SoftState, TransferEnd } from "../core/ready.ts";
import type { NodeId } from "../core/types.ts";

interface Waiting {
  readonly resolve: (leader: NodeId) => void;
  readonly reject: (error: FlotillaError) => void;
  readonly timer: Timer;
}

function failed(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_NOT_TRANSFERRED", `leadership was not handed over: ${why}`);
}

/** The caller of a hand-over, from the call until another member leads or it has come to nothing. */
export class Handover {
  readonly #clock: Clock;
  readonly #id: NodeId;
  #waiting: Waiting | null = null;

  constructor(clock: Clock, id: NodeId) {
    this.#clock = clock;
    this.#id = id;
  }

  /**
   * Starts it and waits, at most so long. While another call waits nothing is started.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_TRANSFERRED`
   */
  begin(withinMs: number, start: () => void): Promise<NodeId> {
    if (this.#waiting !== null) return Promise.reject(failed("a transfer is under way"));
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(withinMs, () => this.fail("nobody else is known to lead"));
      this.#waiting = { resolve, reject, timer };
      start();
    });
  }

  /** To be called when what the node believes has changed. */
  believed({ role, leader }: SoftState): void {
    if (role === "leader" || leader === null || leader === this.#id) return;
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
