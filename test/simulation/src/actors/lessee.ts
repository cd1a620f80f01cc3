import type { Lease, Session } from "@flotilla/coord/client";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { driftsBeyond } from "../plan/plan.ts";
import { isOver, isPassing, sleep } from "./actor.ts";
import { leave, openCoord } from "./sessions.ts";

const prefix = "/leased-";

/** Has further leases granted, several at a time, looks at their nodes, and revokes them or leaves that to the end. */
export class Lessee {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("lessee");
  }

  async run(): Promise<void> {
    while (!this.#actor.isStopping()) {
      const coord = await openCoord(this.#actor);
      if (coord === null) return;
      await this.#use(coord.session);
      await leave(this.#actor, coord);
    }
  }

  async #use(session: Session): Promise<void> {
    while (!isOver(session) && !this.#actor.isStopping()) {
      try {
        await this.#hold(session);
        if (this.#random.chance(0.15)) return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 300);
      }
    }
  }

  async #hold(session: Session): Promise<void> {
    const { world, clock, name } = this.#actor;
    const askedMs = world.kernel.nowMs;
    const lease = await session.grant(500 + 100 * this.#random.below(26), { timeoutMs: 5000 });
    world.leases.granted(lease, session, clock, askedMs);
    const { path } = await session.create(prefix, name, { lease, sequential: true, timeoutMs: 5000 });
    for (let looks = this.#random.below(4); looks > 0; looks -= 1) {
      await sleep(this.#actor, 200 + this.#random.below(2000));
      const stat = await session.exists(path, { timeoutMs: 3000 });
      if (stat === null && lease.expiresIn > 0) this.#goneEarly(lease, path);
    }
    if (this.#random.chance(0.6)) await lease.revoke({ timeoutMs: 3000 });
  }

  #goneEarly({ id }: Lease, path: string): void {
    const { findings, plan } = this.#actor.world;
    if (driftsBeyond(plan)) return;
    findings.now("LeaseBound", `${path} was gone while its lease ${id} was believed in`);
  }
}
