import type { Host, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Newcomer } from "../client/admin-api.ts";
import { ClusterAdmin } from "../client/admin.ts";

/** Between two tries, ms. */
const pauseMs = 1_000;
/** Longest try, ms. */
const tryMs = 10_000;

export interface JoiningOptions {
  readonly host: Host;
  readonly cluster: string;
  readonly secret: Uint8Array | undefined;
  /** Members to ask; one suffices. */
  readonly endpoints: readonly string[];
  readonly newcomer: Newcomer;
  readonly learner: boolean;
  /** The node heard of its cluster: nobody need be asked any more. */
  readonly isMember: () => boolean;
  /** The node was a member and was taken out before it heard of it: it never will be one. */
  readonly onRemoved: () => void;
}

/** Asks a cluster to add this node, until it is a member or was removed. */
export class Joining {
  readonly #options: JoiningOptions;
  readonly #stop = new AbortController();
  readonly #admin: ClusterAdmin;
  #timer: Timer | undefined;
  #told = "";

  constructor(options: JoiningOptions) {
    this.#options = options;
    const { host, cluster, secret, endpoints } = options;
    const known = secret === undefined ? {} : { secret };
    this.#admin = new ClusterAdmin(
      { host, cluster, endpoints, ...known, timeoutMs: tryMs },
      this.#stop.signal,
    );
  }

  start(): void {
    void this.#try();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  async #try(): Promise<void> {
    const { host, newcomer, learner, isMember, onRemoved } = this.#options;
    if (this.#isOver || isMember()) return;
    try {
      await this.#admin.admit(newcomer, { learner });
      host.logger.info({ id: newcomer.id }, "the cluster added this node");
    } catch (error) {
      this.#failed(error);
      if (FlotillaError.is(error, "ERR_FLOTILLA_REMOVED")) return onRemoved();
    }
    this.#again();
  }

  /** Until it hears from the cluster itself, it may have been taken out again. */
  #again(): void {
    if (this.#isOver) return;
    this.#timer = this.#options.host.clock.setTimer(pauseMs, () => void this.#try());
  }

  /** Tells once for each new reason, not for each try. @throws whatever is no error of ours */
  #failed(error: unknown): void {
    if (this.#isOver) return;
    if (!FlotillaError.is(error)) throw error;
    if (error.code === this.#told) return;
    this.#told = error.code;
    this.#options.host.logger.warn({ err: error }, "the cluster did not add this node yet");
  }
}
