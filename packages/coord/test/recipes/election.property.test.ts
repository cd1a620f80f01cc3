import fc from "fast-check";
import { expect, test } from "vitest";
import type { Leadership } from "../../src/recipes/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;
const names = ["x", "y"];

interface Strike {
  readonly type: "release" | "proclaim" | "abort" | "kill" | "cut" | "heal" | "reset" | "stall";
  readonly who: number;
}
type Step =
  | { readonly type: "join"; readonly who: number; readonly name: string; readonly priority: number }
  | Strike
  | { readonly type: "fail-over" };

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
const schedule = schedules(step, { minLength: 40, maxLength: 60 });

interface Person {
  client: Client;
  controller: AbortController;
  held: Leadership[];
  campaigns: number;
}

class Campaigns implements Play<Step> {
  readonly beliefs: Beliefs;
  readonly #crowd: Crowd<Person>;

  constructor(world: World) {
    this.beliefs = new Beliefs(world.kernel);
    this.#crowd = new Crowd(world, (client) => ({
      client,
      controller: new AbortController(),
      held: [],
      campaigns: 0,
    }));
  }

  get count(): number {
    return this.beliefs.records.length;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (step.type === "fail-over") await this.#crowd.failOver();
    else if (step.type === "join") this.#join(this.#crowd.get(step.who), step.name, step.priority);
    else await this.#strike(step.type, step.who);
  }

  /** Everybody gives up; then each name is free, and whoever comes is elected. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    for (const person of this.#crowd.people) {
      person.controller.abort();
      for (const leadership of person.held) leadership.release().catch(() => {});
    }
    await this.#crowd.calm();
    const last = await this.#crowd.newcomer();
    for (const name of names) {
      expect((await world.remains(last.client, name)).line).toEqual([]);
      const leadership = await world.until(last.client.coord.election(name).campaign(), 5_000);
      this.beliefs.add("last", name, leadership);
      await world.pass(100);
    }
    this.beliefs.check();
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

  async #strike(type: Strike["type"], index: number): Promise<void> {
    const person = this.#crowd.get(index);
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
        for (let k = 1; k <= person.campaigns; k += 1) this.beliefs.died(`${person.client.machine}/${k}`);
        await this.#crowd.kill(index);
        return;
      case "stall":
        // Below the longest stall that the signal covers.
        this.#crowd.world.kernel.node(person.client.machine).stall(250);
        return;
      default:
        this.#crowd.touchLinks(type, person);
    }
  }
}

const runs = runsOr(20);

test("whatever people and machines do, one leads at a time with growing epochs, and in the end the line is free", async () => {
  const led = await playAll("property", schedule, runs, (world) => new Campaigns(world));
  // Two of each run are those who come last.
  expect(led).toBeGreaterThan(runs * 6);
}, 300_000);
