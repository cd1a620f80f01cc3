import { timingSafeEqual } from "node:crypto";
import { encodeCommand } from "@flotilla/kv";
import type { Machine } from "@flotilla/kv";
import type { Clock, Timer } from "@flotilla/runtime";
import type { AttachMessage } from "../wire/messages.ts";
import { isCertainlyAbsent } from "./certainly-absent.ts";
import type { RaftPort } from "./raft-port.ts";

const pauseMs = 20;
const patienceMs = 5_000;

/** What to propose, and where. */
export interface AttachProposalOptions {
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "propose" | "status">;
  readonly machine: Pick<Machine, "featureLevel" | "isSecretOf">;
  readonly message: Pick<AttachMessage, "session" | "secret" | "attach" | "ttlMs">;
  /** Nothing came of it so far, and it is not proposed again. */
  readonly giveUp: (why: string) => void;
}

/**
 * Proposes an attach until it is applied here, for 5 s at most. One to a session that is open may be in the log twice:
 * the second is refused, after the first was answered. One that opens a session must not be: the second would open it
 * again when it was closed between them.
 */
export class AttachProposal {
  readonly #options: AttachProposalOptions;
  readonly #command: Uint8Array;
  readonly #deadline: Timer;
  #retry: Timer | undefined;
  #inFlight = false;
  #mayBeInLog = false;
  #stopped = false;

  constructor(options: AttachProposalOptions) {
    this.#options = options;
    const { session, secret, attach, ttlMs } = options.message;
    const { featureLevel } = options.machine;
    this.#command = encodeCommand({ type: "attach", session, secret, attach, ttlMs }, featureLevel).slice();
    this.#deadline = options.clock.setTimer(patienceMs, () =>
      options.giveUp("this server could not reach a leader in time"),
    );
  }

  start(): void {
    if (this.#stopped || this.#inFlight || this.#retry !== undefined) return;
    if (this.#mayBeInLog && this.#options.message.ttlMs !== null) {
      this.#options.giveUp("the leader was lost before it told whether the session is open");
      return;
    }
    this.#inFlight = true;
    this.#propose().then(
      () => this.#settled(true),
      (error: unknown) => this.#settled(!isCertainlyAbsent(error)),
    );
  }

  /** Whether an attach with this secret is this one, and not that of another channel under the same number. */
  isBy(secret: Uint8Array | null): boolean {
    return secret !== null && timingSafeEqual(secret, this.#options.message.secret);
  }

  /** Whether its secret is that of the session that is open now. */
  get isOfSession(): boolean {
    const { session, secret } = this.#options.message;
    return this.#options.machine.isSecretOf(session, secret);
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

  #settled(mayBeInLog: boolean): void {
    this.#inFlight = false;
    this.#mayBeInLog ||= mayBeInLog;
    if (this.#stopped) return;
    this.#retry = this.#options.clock.setTimer(pauseMs, () => {
      this.#retry = undefined;
      // Without a leader, the next one is told of.
      if (this.#options.raft.status().leader !== null) this.start();
    });
  }
}
