import type { Coord } from "@flotilla/coord/node";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isOver, isPassing, openCoord, sleep } from "./actor.ts";

/** Registers a service, looks who else is there, and takes it out again, or leaves that to its lease. */
export class Registrant {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("registrant");
  }

  async run(): Promise<void> {
    while (!this.#actor.isStopping()) {
      const coord = await openCoord(this.#actor);
      if (coord === null) return;
      await this.#register(coord);
      if (!coord.session.signal.aborted) await coord.close();
    }
  }

  async #register(coord: Coord): Promise<void> {
    const { session, registry } = coord;
    while (!isOver(session) && !this.#actor.isStopping()) {
      try {
        const service = { name: "svc", address: this.#actor.name };
        const registration = await registry.register(service, { timeoutMs: 5000 });
        await sleep(this.#actor, 500 + this.#random.below(5000));
        const found = await registry.find("svc", { timeoutMs: 3000 });
        const isThere = found.some(({ id }) => id === registration.instance.id);
        if (!isThere && !isOver(session)) this.#missing(registration.instance.id);
        await registration.deregister();
        if (this.#random.chance(0.3)) return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 300);
      }
    }
  }

  /** The session may have ended without its client knowing yet: the log decides. */
  #missing(id: string): void {
    const { golden, findings } = this.#actor.world;
    const path = `/registry/svc/${id}`;
    const last = golden.commands.flatMap(({ events }) => events).findLast((event) => event.path === path);
    if (last !== undefined && last.type !== "deleted") {
      findings.now("LinearizableHistory", `registration ${id} stands in the log, but was not found`);
    }
  }
}
