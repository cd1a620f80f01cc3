import type { Coord, LeaderInfo, Session } from "@flotilla/coord";
import { connect } from "@flotilla/coord/client";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { teamName } from "./participation.ts";
import { sleep } from "./time.ts";

export interface LookoutOptions {
  readonly endpoints: readonly string[];
  readonly cluster: string;
  readonly sessionTtlMs: number;
  readonly onLeader: (leader: LeaderInfo | null) => void;
  /** Addresses of the registered workers, and the ids of their members. */
  readonly onWorkers: (workers: ReadonlyMap<string, string>) => void;
}

const retryMs = 100;

/** The supervisor's own thin client: observes the election and the registry, and lends its session for writes. */
export class Lookout {
  readonly #options: LookoutOptions;
  #coord: Coord | null = null;

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  /** Null while there is none. */
  get session(): Session | null {
    return this.#coord?.session ?? null;
  }

  /** A lost session is replaced. Resolves when the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#once(signal);
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
      await sleep(retryMs, signal);
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { endpoints, cluster, sessionTtlMs } = this.#options;
    const coord = await connect({ endpoints, cluster, sessionTtlMs, signal, logger: silentLogger });
    this.#coord = coord;
    try {
      await Promise.all([this.#observe(coord, signal), this.#watchWorkers(coord, signal)]);
    } finally {
      this.#coord = null;
      await coord.close();
    }
  }

  async #observe(coord: Coord, signal: AbortSignal): Promise<void> {
    for await (const leader of coord.election(teamName).observe({ signal })) this.#options.onLeader(leader);
  }

  async #watchWorkers(coord: Coord, signal: AbortSignal): Promise<void> {
    for await (const { instances } of coord.registry.watch(teamName, { signal })) {
      this.#options.onWorkers(
        new Map(instances.map(({ address, meta }) => [address, meta["member"] ?? "?"])),
      );
    }
  }
}
