import { QueueReplay } from "../plays/queue-replay.ts";
import type { RecipeName } from "../plan/plan.ts";
import { isStranded } from "./convergence.ts";
import type { GoldenCommand } from "./golden-log.ts";
import type { World } from "./world.ts";

/** What those who take part in recipes still wait for, since nothing disturbs any more. */
export class PlaysAtRest {
  readonly #world: World;
  readonly #sinceMs: number;
  readonly #queue = new QueueReplay();
  #read = 0;

  constructor(world: World) {
    this.#world = world;
    this.#sinceMs = world.kernel.nowMs;
  }

  missing(): string[] {
    const { commands } = this.#world.golden;
    for (const command of commands.slice(this.#read)) this.#take(command);
    this.#read = commands.length;
    return this.#isPlayed("queue") ? this.#unclaimed() : [];
  }

  #take(command: GoldenCommand): void {
    this.#queue.take(command);
  }

  #isPlayed(recipe: RecipeName): boolean {
    return this.#world.clients.some(
      ({ isDead, plan }) =>
        !isDead && !isStranded(this.#world, plan.embeddedIn) && plan.plays?.includes(recipe) === true,
    );
  }

  /** Items that were there when it became calm. */
  #unclaimed(): string[] {
    return [...this.#queue.items.values()]
      .filter(
        ({ claim, claimedMs, madeMs }) =>
          claim === null && madeMs < this.#sinceMs && (claimedMs ?? 0) < this.#sinceMs,
      )
      .map(({ id }) => `item ${id} is handed to nobody`);
  }
}
