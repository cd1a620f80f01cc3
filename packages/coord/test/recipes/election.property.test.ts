import fc from "fast-check";
import { expect, test } from "vitest";
import type { Leadership } from "../../src/recipes/api.ts";
import { Beliefs } from "./beliefs.ts";
import { World } from "./world.ts";
import type { Client } from "./world.ts";

const people = 4;
const names = ["x", "y"];

/** What happens, to whom, and how long nothing else does. */
type Step =
  | { readonly type: "join"; readonly who: number; readonly name: string; readonly priority: number }
  | {
      readonly type: "release" | "proclaim" | "abort" | "kill" | "cut" | "heal" | "reset" | "stall";
      readonly who: number;
    }
  | { readonly type: "fail-over" };
interface Timed {
  readonly step: Step;
  readonly thenMs: number;
}

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 11,
    arbitrary: fc.record({
      type: fc.constant("join" as const),
      who,
      name: fc.constantFrom("x", "x", "x", "y"),
      priority: fc.constantFrom(0, 0, 1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("release" as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("proclaim" as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "abort" as const,
        "kill" as const,
        "cut" as const,
        "heal" as const,
        "reset" as const,
        "stall" as const,
      ),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("fail-over" as const) }) },
);
// Mostly quick successions, at times long enough for leases to lapse.
const thenMs = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 10, max: 300 }),
  fc.integer({ min: 300, max: 2_500 }),
);
const schedule = fc.array(fc.record({ step, thenMs }), { minLength: 40, maxLength: 60 });

/** One machine, from one life to the next. */
interface Person {
  client: Client;
  lives: number;
  controller: AbortController;
  held: Leadership[];
  campaigns: number;
}

class Play {
  readonly world: World;
  readonly beliefs: Beliefs;
  readonly #people: Person[] = [];

  constructor(world: World) {
    this.world = world;
    this.beliefs = new Beliefs(world.kernel);
  }

  async enter(): Promise<void> {
    while (this.#people.length < people) this.#people.push(await this.#person());
  }

  async perform({ step: next, thenMs: ms }: Timed): Promise<void> {
    if (next.type === "fail-over") await this.#failOver();
    else if (next.type === "join") this.#join(this.#get(next.who), next.name, next.priority);
    else await this.#strike(next.type, next.who);
    await this.world.pass(ms);
  }

  /** Everybody gives up; then each name is free, and whoever comes is elected. */
  async end(): Promise<void> {
    const { world } = this;
    world.kernel.network.healAll();
    for (const person of this.#people) {
      person.controller.abort();
      for (const leadership of person.held) leadership.release().catch(() => {});
    }
    await world.pass(20_000);
    const last = await this.#person();
    for (const name of names) {
      expect((await world.remains(last.client, name)).line).toEqual([]);
      const leadership = await world.until(last.client.coord.election(name).campaign(), 5_000);
      this.beliefs.add("last", name, leadership);
      await world.pass(100);
    }
    this.beliefs.check();
  }

  #get(index: number): Person {
    const person = this.#people[index];
    if (person === undefined) throw new Error("nobody");
    return person;
  }

  async #person(): Promise<Person> {
    const client = await this.world.client({ sessionTtlMs: 1_500 });
    return { client, lives: 1, controller: new AbortController(), held: [], campaigns: 0 };
  }

  #join(person: Person, name: string, priority: number): void {
    const { client, controller } = person;
    const process = `${client.machine}/${(person.campaigns += 1)}`;
    client.coord
      .election(name, { priority })
      .campaign({ signal: controller.signal })
      .then(
        (leadership) => {
          this.beliefs.add(process, name, leadership);
          person.held.push(leadership);
        },
        () => {},
      );
  }

  async #strike(type: string, index: number): Promise<void> {
    const { kernel } = this.world;
    const person = this.#get(index);
    switch (type) {
      case "release":
        for (const leadership of person.held.splice(0)) leadership.release().catch(() => {});
        return;
      case "proclaim":
        for (const leadership of person.held) leadership.proclaim("news").catch(() => {});
        return;
      case "abort":
        person.controller.abort();
        person.controller = new AbortController();
        return;
      case "kill":
        kernel.node(person.client.machine).crash();
        for (let k = 1; k <= person.campaigns; k += 1) this.beliefs.died(`${person.client.machine}/${k}`);
        this.#people[index] = await this.#person();
        return;
      case "cut":
        this.world.isolate(person.client);
        return;
      case "heal":
        this.world.heal(person.client);
        return;
      case "reset":
        this.world.reset(person.client);
        return;
      default:
        // Below the longest stall that the signal covers.
        kernel.node(person.client.machine).stall(250);
    }
  }

  async #failOver(): Promise<void> {
    const { cluster, kernel } = this.world;
    const leader = await cluster.leader();
    kernel.node(leader).crash();
    kernel.after(1_000, () => void cluster.restart(leader));
    await this.world.pass(10);
  }
}

const runs = Number(process.env["RUNS"] ?? 20);

test("whatever people and machines do, one leads at a time with growing epochs, and in the end the line is free", async () => {
  let led = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), schedule, async (seed, steps) => {
      const play = new Play(await World.start(3, `property ${seed}`));
      await play.enter();
      for (const next of steps) await play.perform(next);
      await play.end();
      led += play.beliefs.records.length;
    }),
    { numRuns: runs },
  );
  // Two of each run are those who come last.
  expect(led).toBeGreaterThan(runs * 6);
}, 300_000);
