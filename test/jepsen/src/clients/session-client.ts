import { setTimeout as pause } from "node:timers/promises";
import type { connect } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { Plan } from "../plan/plan.ts";
import { patienceMs } from "../processes/until.ts";
import { waitMs } from "./work.ts";

const pollMs = 100;

export type Coord = Awaited<ReturnType<typeof connect>>;

export interface ClientOptions {
  /** Under which faults know it. */
  readonly name: string;
  readonly plan: Plan;
  /** Opens a session: over the network, or at a member within the process. */
  readonly open: (signal: AbortSignal) => Promise<Coord>;
  readonly random: KeyedRandom;
}

/** Works on a session until that is lost, then on a new one, until it is told to stop. */
export abstract class SessionClient {
  protected readonly options: ClientOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #client: Coord | null = null;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  /** Fires when nothing more is to be begun. */
  protected get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  start(): void {
    this.#running = this.#run();
    // Heard of by `stop`; until then nobody waits for it.
    this.#running.catch(() => {});
  }

  /** True once a session of it was answered that was asked from now on; false when that never comes, for as long as patience lasts. */
  async isServed(): Promise<boolean> {
    const deadlineMs = performance.now() + patienceMs;
    while (!this.stopping.aborted && performance.now() < deadlineMs) {
      const client = this.#client;
      try {
        await client?.session.sync({ timeoutMs: waitMs });
        if (client !== null) return true;
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
      await pause(pollMs);
    }
    return false;
  }

  /** Begins nothing more; resolves once all it began has ended. @throws whatever is no error of the product's */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Uses one session until it is over or `stopping` fires. May throw a `FlotillaError`. */
  protected abstract use(client: Coord, random: KeyedRandom): Promise<void>;

  async #run(): Promise<void> {
    while (!this.stopping.aborted) {
      try {
        await using client = await this.options.open(this.stopping);
        this.#client = client;
        await this.use(client, this.options.random.fork(client.session.id));
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      } finally {
        this.#client = null;
      }
    }
  }
}
