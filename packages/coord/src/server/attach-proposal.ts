import { encodeCommand } from "@flotilla/kv";
import type { Machine } from "@flotilla/kv";
import type { Clock, Timer } from "@flotilla/runtime";
import type { AttachMessage } from "../wire/messages.ts";
import type { RaftPort } from "./raft-port.ts";

const pauseMs = 20;
const patienceMs = 5_000;

/** What to propose, and where. */
export interface AttachProposalOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "status">;
  readonly machine: Pick<Machine, "featureLevel">;
  readonly message: Pick<AttachMessage, "session" | "secret" | "attach" | "ttlMs">;
  /** It was not applied here within 5 s. */
  readonly giveUp: () => void;
}

/**
 * Proposes an attach until it is applied. Twice in the log does no harm: the second is refused, after the first
 * was answered.
 */
export class AttachProposal {
  readonly #options: AttachProposalOptions;
  readonly #command: Uint8Array;
  readonly #deadline: Timer;
  #retry: Timer | undefined;
  #inFlight = false;
  #stopped = false;

  constructor(options: AttachProposalOptions) {
    this.#options = options;
    const { session, secret, attach, ttlMs } = options.message;
    const { featureLevel } = options.machine;
    this.#command = encodeCommand({ type: "attach", session, secret, attach, ttlMs }, featureLevel).slice();
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
    await this.#options.raft.propose(this.#command);
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
