import type { RaftNode } from "@flotilla/raft";
import type { ClientHost, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";

const lookMs = 200;

export interface LeaseSwitchOptions {
  readonly raft: Pick<RaftNode, "changeMembers" | "status">;
  readonly host: Pick<ClientHost, "clock">;
  /** Virtual milliseconds since the world began. */
  readonly nowMs: () => number;
  /** When lease reads are switched on, off, on again and so forth; ascending. */
  readonly switchesMs: readonly number[];
  readonly isStopping: () => boolean;
  readonly crashed: (error: unknown) => void;
}

/**
 * Wants lease reads on or off, and asks for it from within the process of one member whenever that leads and the
 * cluster's setting is another. With one in each process the setting follows, whoever leads and whatever is refused.
 */
export class LeaseSwitch {
  readonly #options: LeaseSwitchOptions;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(options: LeaseSwitchOptions) {
    this.#options = options;
  }

  /** Goes on until the process ends, everybody is to stop, or `stop`. */
  start(): void {
    this.#later();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.host.clock.setTimer(lookMs, () => this.#look());
  }

  #look(): void {
    const { raft, isStopping } = this.#options;
    if (isStopping()) return;
    const on = this.#isWanted();
    const { role, configuration } = raft.status();
    if (role !== "leader" || configuration.leaseReads === on) return this.#later();
    raft.changeMembers([{ type: "lease-reads", on }]).then(
      () => this.#later(),
      (error: unknown) => this.#failed(error),
    );
  }

  #isWanted(): boolean {
    const { nowMs, switchesMs } = this.#options;
    return switchesMs.filter((atMs) => atMs <= nowMs()).length % 2 === 1;
  }

  #failed(error: unknown): void {
    if (FlotillaError.is(error) && passing.has(error.code)) this.#later();
    else this.#options.crashed(error);
  }
}

const passing: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_CHANGE_PENDING",
  "ERR_FLOTILLA_CLOSED",
  "ERR_FLOTILLA_NOT_LEADER",
  "ERR_FLOTILLA_UNKNOWN_OUTCOME",
]);
