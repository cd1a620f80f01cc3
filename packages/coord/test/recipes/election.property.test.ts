import fc from "fast-check";
import { expect, test } from "vitest";
import type { LeaderInfo, Leadership } from "../../src/recipes/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, type Play, playAll, runsOr, schedules } from "./play.ts";
import { type Client, collect, type World } from "./world.ts";

const people = 4;
const names = ["x", "y"];

interface Strike {
  readonly type: "release" | "proclaim" | "abort" | "kill" | "cut" | "heal" | "reset" | "stall";
  readonly who: number;
}
type Step =
  | { readonly type: "see" | "look away" }
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
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("see" as const, "look away" as const) }) },
);
const schedule = schedules(step, { minLength: 40, maxLength: 60 });

interface Person {
  client: Client;
  controller: AbortController;
  held: Leadership[];
  campaigns: number;
}

/** Follows the leader of each name, through cuts that its session outlasts. */
class Observer {
  readonly #client: Client;
  readonly #seen = new Map<string, (LeaderInfo | null)[]>();

  constructor(client: Client) {
    this.#client = client;
    for (const name of names) {
      const { items, done } = collect(client.coord.election(name).observe());
      done.catch(() => {});
      this.#seen.set(name, items);
    }
  }

  get client(): Client {
    return this.#client;
  }

  /** What was told last; epochs of all that was told grow. */
  last(name: string): LeaderInfo | null | undefined {
    const items = this.#seen.get(name) ?? [];
    const epochs = items.flatMap((item) => (item === null ? [] : [item.epoch]));
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    return items.at(-1);
  }
}

class Campaigns implements Play<Step> {
  readonly beliefs: Beliefs;
  readonly #crowd: Crowd<Person>;
  #observer: Observer | undefined;

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
    this.#observer = new Observer(await this.#crowd.world.client({ sessionTtlMs: 60_000 }));
  }

  async perform(step: Step): Promise<void> {
    const { world } = this.#crowd;
    switch (step.type) {
      case "see":
        world.heal(this.#observed().client);
        return;
      case "look away":
        world.isolate(this.#observed().client);
        return;
      case "fail-over":
        await this.#crowd.failOver();
        return;
      case "join":
        this.#join(this.#crowd.get(step.who), step.name, step.priority);
        return;
      default:
        await this.#strike(step.type, step.who);
    }
  }

  /** Everybody gives up; then each name is free, and whoever comes is elected. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    for (const person of this.#crowd.people) {
      person.controller.abort();
      for (const leadership of person.held) leadership.release().catch(() => {});
    }
    // Whatever is to end has ended before an observer that is away sees again.
    await world.pass(5_000);
    await this.#crowd.calm();
    const last = await this.#crowd.newcomer();
    const observer = this.#observed();
    for (const name of names) {
      expect(observer.last(name)).toBeNull();
      expect((await world.remains(last.client, name)).line).toEqual([]);
      const leadership = await world.until(last.client.coord.election(name).campaign(), 5_000);
      this.beliefs.add("last", name, leadership);
      await world.pass(100);
      expect(observer.last(name)).toMatchObject({ epoch: leadership.epoch });
    }
    this.beliefs.check();
  }

  #observed(): Observer {
    if (this.#observer === undefined) throw new Error("nobody observes");
    return this.#observer;
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
