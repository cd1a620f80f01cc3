import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ids } from "../../src/recipes/counter-api.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;

type Step =
  | { readonly type: "add"; readonly who: number; readonly by: number }
  | { readonly type: "id" | "block"; readonly who: number }
  | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("add" as const), who, by: fc.integer({ min: -9, max: 9 }) }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom("id" as const, "block" as const), who }) },
  ...mishaps(people, 6),
);
const schedule = schedules(step, { minLength: 25, maxLength: 60 });

interface Person {
  readonly client: Client;
  readonly blocks: Ids;
}

interface Addition {
  readonly by: number;
  /** Absent while it is not known to have counted. */
  sum?: number;
}

/** One who was handed an id. */
interface Handed {
  readonly id: number;
  readonly askedMs: number;
  readonly atMs: number;
}

class Counting implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  readonly #additions: Addition[] = [];
  readonly #single: Handed[] = [];
  readonly #ofBlocks: number[] = [];

  constructor(world: World) {
    this.#crowd = new Crowd(world, (client) => ({ client, blocks: client.coord.ids("y", { block: 7 }) }));
  }

  get count(): number {
    return this.#additions.filter(({ sum }) => sum !== undefined).length + this.#ofBlocks.length;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (isMishap(step)) await this.#crowd.suffer(step);
    else if (step.type === "add") this.#add(this.#crowd.get(step.who), step.by);
    else if (step.type === "id") this.#ask(this.#crowd.get(step.who));
    else
      this.#crowd
        .get(step.who)
        .blocks.next()
        .then((id) => this.#ofBlocks.push(id), ignore);
  }

  async end(): Promise<void> {
    const { world } = this.#crowd;
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
    this.#judgeSum(await world.until(client.coord.counter("x").get()));
    const single = this.#single.map(({ id }) => id);
    expect(new Set(single).size).toBe(single.length);
    expect(new Set(this.#ofBlocks).size).toBe(this.#ofBlocks.length);
    for (const { id, askedMs } of this.#single)
      for (const other of this.#single) if (other.atMs < askedMs) expect(other.id).toBeLessThan(id);
    const next = await world.until(client.coord.ids("x").next());
    const nextOfBlocks = await world.until(client.coord.ids("y").next());
    expect(next).toBeGreaterThan(Math.max(0, ...single));
    expect(nextOfBlocks).toBeGreaterThan(Math.max(0, ...this.#ofBlocks));
  }

  #add({ client }: Person, by: number): void {
    const addition: Addition = { by };
    this.#additions.push(addition);
    client.coord
      .counter("x")
      .add(by)
      .then((sum) => {
        addition.sum = sum;
      }, ignore);
  }

  #ask({ client }: Person): void {
    const { kernel } = this.#crowd.world;
    const askedMs = kernel.nowMs;
    const keep = (id: number): void => void this.#single.push({ id, askedMs, atMs: kernel.nowMs });
    client.coord.ids("x").next().then(keep, ignore);
  }

  /** What is known to have counted did so once; of the rest, some did. */
  #judgeSum(total: number): void {
    const unknown = this.#additions.filter((addition) => addition.sum === undefined);
    const known = sum(this.#additions.filter((addition) => addition.sum !== undefined));
    expect(total).toBeLessThanOrEqual(known + sum(unknown.filter(({ by }) => by > 0)));
    expect(total).toBeGreaterThanOrEqual(known + sum(unknown.filter(({ by }) => by < 0)));
    if (unknown.length === 0) expect(total).toBe(known);
  }
}

function sum(of: readonly Addition[]): number {
  return of.reduce((all, { by }) => all + by, 0);
}

/** Its session was lost, or its machine. */
function ignore(): void {}

const runs = runsOr(10);

test("whatever people and machines do, every addition counts once and every id is handed out once", async () => {
  const counted = await playAll("counting", schedule, runs, (world) => new Counting(world));
  expect(counted).toBeGreaterThan(runs * 5);
}, 300_000);
