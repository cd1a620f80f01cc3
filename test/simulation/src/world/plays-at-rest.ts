import { parties } from "../plays/barriers.ts";
import { beatMs, type JobName } from "../plays/cron.ts";
import { CronReplay } from "../plays/cron-replay.ts";
import { keeperName, replicas } from "../plays/keeper.ts";
import { QueueReplay } from "../plays/queue-replay.ts";
import { RoundReplay } from "../plays/round-replay.ts";
import { shardCount } from "../plays/shards.ts";
import type { RecipeName } from "../plan/plan.ts";
import { isStranded } from "./convergence.ts";
import type { GoldenCommand } from "./golden-log.ts";
import type { World } from "./world.ts";

/** How late a tick may be taken up when nothing disturbs, ms. */
const lateMs = 3000;
const scalePath = `/keeper/${keeperName}/scale`;
const statesRoot = `/keeper/${keeperName}/states/`;

/** What those who take part in recipes still wait for, since nothing disturbs any more. */
export class PlaysAtRest {
  readonly #world: World;
  readonly #sinceMs: number;
  readonly #queue = new QueueReplay();
  readonly #meeting = new RoundReplay();
  readonly #crons: Readonly<Record<JobName, CronReplay>> = {
    alone: new CronReplay("alone"),
    beside: new CronReplay("beside"),
  };
  #replicas = replicas;
  readonly #running = new Set<string>();
  #read = 0;

  constructor(world: World) {
    this.#world = world;
    this.#sinceMs = world.kernel.nowMs;
  }

  missing(): readonly string[] {
    const { commands } = this.#world.golden;
    for (const command of commands.slice(this.#read)) this.#take(command);
    this.#read = commands.length;
    return [
      ...(this.#isPlayed("queue") ? this.#unclaimed() : []),
      ...(this.#isPlayed("shards") ? this.#unowned() : []),
      ...(this.#isPlayed("keeper") ? this.#vacant() : []),
      ...(this.#isPlayed("barriers") ? this.#heldUp() : []),
      ...this.#late(),
    ];
  }

  #take(command: GoldenCommand): void {
    this.#queue.take(command);
    this.#meeting.take(command);
    for (const cron of Object.values(this.#crons)) cron.take(command);
    for (const { path, node } of command.events) {
      const value = node === null ? "" : new TextDecoder().decode(node.value);
      if (path === scalePath) this.#replicas = node === null ? replicas : Number(value);
      if (!path.startsWith(statesRoot)) continue;
      if (value.includes('"state":"running"')) this.#running.add(path);
      else this.#running.delete(path);
    }
  }

  #isPlayed(recipe: RecipeName): boolean {
    return this.#world.clients.some(
      ({ isDead, plan }) =>
        !isDead && !isStranded(this.#world, plan.embeddedIn) && plan.plays?.includes(recipe) === true,
    );
  }

  /** Items that were there when it became calm. */
  #unclaimed(): string[] {
    const since = this.#sinceMs;
    return [...this.#queue.items.values()]
      .filter(({ claim, claimedMs, madeMs }) => claim === null && madeMs < since && (claimedMs ?? 0) < since)
      .map(({ id }) => `item ${id} is handed to nobody`);
  }

  #unowned(): string[] {
    return this.#withoutHolder(shardCount, "shard").map((shard) => `${shard} is owned by nobody`);
  }

  #vacant(): string[] {
    const vacant = this.#withoutHolder(this.#replicas, "slot");
    const idle = Array.from({ length: this.#replicas }, (_, slot) => `${statesRoot}${slot}`);
    return [
      ...vacant.map((slot) => `${slot} is vacant`),
      ...idle.filter((path) => !this.#running.has(path)).map((path) => `nothing runs by ${path}`),
    ];
  }

  #withoutHolder(count: number, kind: string): string[] {
    const all = Array.from({ length: count }, (_, index) => `${kind}-${index}`);
    return all.filter((object) => !this.#world.beliefs.isHeld(object));
  }

  #heldUp(): string[] {
    const { waiting, inside } = this.#meeting;
    const isStuck = waiting.length >= parties && inside.length === 0;
    return isStuck ? [`${waiting.length} wait at the barrier`] : [];
  }

  /** By the clock of whoever would take it up. */
  #late(): string[] {
    const living = new Set(this.#world.clients.flatMap(({ isDead, actor }) => (isDead ? [] : [actor?.name])));
    return [...this.#world.ledger.plays.crons].flatMap(({ job, who, clock }) => {
      const { lastMs } = this.#crons[job];
      if (!living.has(who) || lastMs === null) return [];
      const dueMs = lastMs + beatMs - (lastMs % beatMs);
      return clock.wallNow() > dueMs + lateMs ? [`tick ${dueMs} of ${job} is taken up by nobody`] : [];
    });
  }
}
