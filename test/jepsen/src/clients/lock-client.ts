import { setTimeout as pause } from "node:timers/promises";
import type { LockHold } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { BeliefBook } from "./belief-book.ts";
import type { ClientOptions, Coord } from "./session-client.ts";
import { SessionClient } from "./session-client.ts";

export const fencedRoot = "/fenced";

const lockNames = ["l0", "l1"] as const;
const waitMs = 4_000;
/** Now and then one holds for longer than its session may go unheard. */
const longHoldMs = 4_000;

/** Takes locks, and writes to what they guard behind their fence, without asking whether it still holds them. */
export class LockClient extends SessionClient {
  readonly #book: BeliefBook;
  #writes = 0;

  constructor(options: ClientOptions, book: BeliefBook) {
    super(options);
    this.#book = book;
  }

  protected override async use(client: Coord, random: KeyedRandom): Promise<void> {
    await Promise.all(lockNames.map((name, lane) => this.#work(client, lane, name, random.fork(name))));
  }

  async #work(client: Coord, lane: number, name: string, random: KeyedRandom): Promise<void> {
    const process = `${this.options.name}/${lane}`;
    const { session } = client;
    while (!session.signal.aborted && !this.stopping.aborted) {
      try {
        const held = await client.lock(name).acquire({ timeoutMs: waitMs, signal: this.stopping });
        this.#book.begun(process, name, held);
        await this.#hold(client, process, name, held, random);
        await held.release({ timeoutMs: waitMs });
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
      await pause(random.below(4 * this.options.plan.thinkMs + 1));
    }
  }

  async #hold(
    { session }: Coord,
    process: string,
    name: string,
    held: LockHold,
    random: KeyedRandom,
  ): Promise<void> {
    const writes = 1 + random.below(4);
    const restMs = random.chance(0.01) ? longHoldMs / writes : random.below(15);
    for (let k = 0; k < writes; k += 1) {
      this.#writes += 1;
      const limits = { fence: held.fence, timeoutMs: waitMs };
      const { revision } = await session.put(`${fencedRoot}/${name}`, `${process}-${this.#writes}`, limits);
      this.#book.wrote(process, name, held, revision);
      await pause(restMs);
    }
  }
}
