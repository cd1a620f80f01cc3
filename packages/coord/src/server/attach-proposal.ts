import type { Clock, Timer } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";

const pauseMs = 20;
const patienceMs = 5_000;

/** What to propose, and where. */
export interface AttachProposalOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "status">;
  readonly command: Uint8Array;
  /** It was not applied here within 5 s. */
  readonly giveUp: () => void;
}

/**
 * Proposes an attach until it is applied. Twice in the log does no harm: the second is refused, after the first
 * was answered.
 */
export class AttachProposal {
  readonly #options: AttachProposalOptions;
  readonly #deadline: Timer;
  #retry: Timer | undefined;
  #inFlight = false;
  #stopped = false;

  constructor(options: AttachProposalOptions) {
    this.#options = options;
    this.#deadline = options.clock.setTimer(patienceMs, () => options.giveUp());
  }

  start(): void {
    if (this.#stopped || this.#inFlight || this.#retry !== undefined) return;
    this.#inFlight = true;
    this.#propose().then(
      () => this.#settled(),
      () => this.#settled(),
    );
  }

  leaderChanged(): void {
    this.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#deadline.cancel();
    this.#retry?.cancel();
  }

  async #propose(): Promise<void> {
    await this.#options.raft.propose(this.#options.command);
  }

  #settled(): void {
    this.#inFlight = false;
    if (this.#stopped) return;
    this.#retry = this.#options.clock.setTimer(pauseMs, () => {
      this.#retry = undefined;
      // Without a leader, the next one is told of.
      if (this.#options.raft.status().leader !== null) this.start();
    });
  }
}
