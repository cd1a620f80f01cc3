import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "@flotilla/coord/client";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isOver, isPassing, think } from "./actor.ts";
import { leave, openCoord } from "./sessions.ts";
import type { Paths } from "./paths.ts";
import { queueRoot, registerRoot } from "./paths.ts";

/** How far back it asks. */
const mostBack = 150;

/** Reads nodes and lists of children as they were. */
export class Historian {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  readonly #paths: Paths;

  constructor(actor: ActorProcess, paths: Paths) {
    this.#actor = actor;
    this.#random = actor.random.fork("historian");
    this.#paths = paths;
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
    const { plan, golden, findings } = this.#actor.world;
    while (!isOver(session) && !this.#actor.isStopping()) {
      await think(this.#actor, this.#random, plan.config.thinkMs);
      if (isOver(session) || this.#actor.isStopping()) return;
      const newest = golden.revision;
      if (newest === 0) continue;
      const revision = Math.max(1, newest - this.#random.below(mostBack));
      try {
        await (this.#random.chance(0.7) ? this.#node(session, revision) : this.#children(session, revision));
      } catch (error) {
        if (isPassing(error)) continue;
        if (!FlotillaError.is(error)) throw error;
        // Nobody remembers everything. But what there was before it was asked for is there.
        if (error.code === "ERR_FLOTILLA_COMPACTED") continue;
        findings.now(
          "PastReads",
          `${session.id} was refused revision ${revision} of ${newest} with ${error.code}`,
        );
      }
    }
  }

  async #node(session: Session, revision: number): Promise<void> {
    const path = this.#paths.watched(this.#random);
    if (path === "/") return;
    const node = await session.get(path, { revision, timeoutMs: 5000 });
    const { ledger } = this.#actor.world;
    ledger.answered += 1;
    ledger.pastReads.push({ session: session.id, path, revision, node });
  }

  async #children(session: Session, revision: number): Promise<void> {
    const path = this.#random.chance(0.5) ? registerRoot : queueRoot;
    const page = await session.children(path, { revision, timeoutMs: 5000 });
    const { ledger } = this.#actor.world;
    ledger.answered += 1;
    if (page?.next === null)
      ledger.pastNames.push({ session: session.id, path, revision, names: page.names });
  }
}
