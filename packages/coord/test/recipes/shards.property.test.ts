import fc from "fast-check";
import { expect, test } from "vitest";
import type { Shard } from "../../src/recipes/shards/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;
const count = 10;

type Step = { readonly type: "run" | "stop" | "close"; readonly who: number } | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constantFrom("run" as const, "run" as const, "stop" as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("close" as const), who }) },
  ...mishaps(people, 6),
);
const schedule = schedules(step, { minLength: 20, maxLength: 45 });

interface Person {
  client: Client;
  /** Null while it takes no part. */
  running: AbortController | null;
  owned: Set<number>;
}

class Spread implements Play<Step> {
  readonly #beliefs: Beliefs;
  readonly #crowd: Crowd<Person>;
  #worked = 0;

  constructor(world: World) {
    this.#beliefs = new Beliefs(world.kernel);
    this.#crowd = new Crowd(world, (client) => ({ client, running: null, owned: new Set() }));
  }

  get count(): number {
    return this.#worked;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (isMishap(step)) {
      if (step.type === "kill") this.#beliefs.died(this.#crowd.get(step.who).client.machine);
      return this.#crowd.suffer(step);
    }
    const person = this.#crowd.get(step.who);
    switch (step.type) {
      case "run":
        this.#run(person, step.who);
        return;
      case "stop":
        person.running?.abort();
        person.running = null;
        return;
      case "close":
        void person.client.coord.close();
        await this.#replace(step.who);
    }
  }

  /** With calm every shard is owned, by those who take part, in even parts. */
  async end(): Promise<void> {
    // Sessions of the others may be over.
    this.#crowd.people.push(await this.#crowd.newcomer());
    this.#run(this.#crowd.get(people), people);
    await this.#crowd.calm();
    const taking = this.#crowd.people.filter(({ running }) => running !== null);
    const all = taking.flatMap(({ owned }) => [...owned]).toSorted((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: count }, (_, shard) => shard));
    for (const { owned } of taking) expect(Math.abs(owned.size - count / taking.length)).toBeLessThan(1);
    for (const { running } of taking) running?.abort();
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
    const shards = client.coord.shards("s", { count });
    expect((await this.#crowd.world.until(shards.map())).size).toBe(0);
    this.#beliefs.check();
  }

  async #replace(index: number): Promise<void> {
    const { client } = await this.#crowd.newcomer();
    this.#crowd.people[index] = { client, running: null, owned: new Set() };
  }

  #run(person: Person, index: number): void {
    if (person.running !== null) return;
    const running = new AbortController();
    person.running = running;
    const { coord, machine } = person.client;
    const ended = (): void => {
      if (person.running === running) person.running = null;
    };
    // Some finish when they are told, some work on until their time is over.
    coord
      .shards("s", { count, id: machine, drainMs: index % 2 === 0 ? 400 : 3_000 })
      .run((shard) => this.#work(person, shard, index), { signal: running.signal })
      .then(ended, ended);
  }

  async #work({ client, owned }: Person, shard: Shard, index: number): Promise<void> {
    this.#worked += 1;
    this.#beliefs.add(client.machine, `shard ${shard.id}`, shard);
    owned.add(shard.id);
    shard.signal.addEventListener("abort", () => owned.delete(shard.id));
    await new Promise<void>((resolve) => {
      const until = index < 2 ? shard.draining : shard.signal;
      if (until.aborted) resolve();
      else until.addEventListener("abort", () => resolve());
    });
  }
}

const runs = runsOr(6);

test("whatever happens, a shard has one owner at a time, and with calm all are owned in even parts", async () => {
  const worked = await playAll("shards", schedule, runs, (world) => new Spread(world));
  // At least all of them in the end.
  expect(worked).toBeGreaterThan(runs * count);
}, 300_000);
