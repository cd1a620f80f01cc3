import type { Coord } from "@flotilla/coord/node";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "../actors/actor.ts";
import { isOver, sleep } from "../actors/actor.ts";
import { inSessions } from "../actors/sessions.ts";
import type { RecipeName } from "../plan/plan.ts";
import { playBarriers } from "./barriers.ts";
import { playConfig } from "./config.ts";
import { playCron } from "./cron.ts";
import { Follows } from "./follows.ts";
import { playGroup } from "./group.ts";
import { playKeeper } from "./keeper.ts";
import type { Play } from "./part.ts";
import { playQueue } from "./queue.ts";
import { playShards } from "./shards.ts";

const plays: Readonly<Record<RecipeName, Play>> = {
  queue: playQueue,
  config: playConfig,
  group: playGroup,
  shards: playShards,
  keeper: playKeeper,
  cron: playCron,
  barriers: playBarriers,
};

const lookMs = 250;
const longestStayMs = 40_000;

/** Takes part in recipes that members share, in all of them on one session, and leaves in order now and then. */
export class Player {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  readonly #recipes: readonly RecipeName[];

  constructor(actor: ActorProcess, recipes: readonly RecipeName[]) {
    this.#actor = actor;
    this.#random = actor.random.fork("player");
    this.#recipes = recipes;
  }

  run(): Promise<void> {
    return inSessions(this.#actor, (coord) => this.#use(coord));
  }

  async #use(coord: Coord): Promise<void> {
    const actor = this.#actor;
    const ending = new AbortController();
    const follows = new Follows(actor, coord.session);
    const parts = this.#recipes.map((name) =>
      plays[name]({ actor, coord, follows, random: this.#random.fork(name), ending: ending.signal }),
    );
    for (const part of parts) part.catch(actor.world.crashed);
    await this.#stay(coord);
    ending.abort();
    await Promise.all(parts);
    await follows.end();
  }

  /** Once nothing disturbs any more it stays to the end. */
  async #stay({ session }: Coord): Promise<void> {
    const { kernel, isCalm } = this.#actor.world;
    const untilMs = kernel.nowMs + this.#random.below(longestStayMs);
    while (!isOver(session) && !this.#actor.isStopping() && (isCalm() || kernel.nowMs < untilMs))
      await sleep(this.#actor, lookMs);
  }
}
