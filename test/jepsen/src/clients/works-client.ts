import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ClientOptions, Coord } from "./session-client.ts";
import { SessionClient } from "./session-client.ts";
import type { Work } from "./work.ts";

/** Does several works side by side on one session. */
export class WorksClient extends SessionClient {
  readonly #works: readonly Work[];

  constructor(options: ClientOptions, works: readonly Work[]) {
    super(options);
    this.#works = works;
  }

  protected override async use(client: Coord, random: KeyedRandom): Promise<void> {
    const { stopping } = this;
    const { name, plan } = this.options;
    await Promise.all(
      this.#works.map((work) =>
        work.run(client, { name, random: random.fork(work.name), stopping, thinkMs: plan.thinkMs }),
      ),
    );
  }
}
