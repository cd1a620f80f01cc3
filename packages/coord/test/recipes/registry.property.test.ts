import fc from "fast-check";
import { expect, test } from "vitest";
import type { InstanceChange, InstanceState, Registration } from "../../src/recipes/registry/api.ts";
import { folded } from "./instances.ts";
import { Crowd, type Play, playAll, runsOr, schedules } from "./play.ts";
import { type Client, collect, type World } from "./world.ts";

const people = 3;
const ids = ["a", "b"];
const states: readonly InstanceState[] = ["passing", "warning", "critical", "draining", "maintenance"];

interface Strike {
  readonly type: "kill" | "cut" | "heal" | "reset" | "leave";
  readonly who: number;
}
type Step =
  | {
      readonly type: "register" | "deregister" | "change" | "sweep";
      readonly who: number;
      readonly id: string;
    }
  | Strike
  | { readonly type: "fail-over" };

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "register" as const,
        "register" as const,
        "deregister" as const,
        "change" as const,
        "sweep" as const,
      ),
      who,
      id: fc.constantFrom(...ids),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constantFrom("kill", "cut", "heal", "reset", "leave"), who }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("fail-over" as const) }) },
);
const schedule = schedules(step, { minLength: 20, maxLength: 50 });

interface Person {
  client: Client;
  readonly registrations: Registration[];
}

class Registrations implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  /** What the processes that live were told, by their machines. */
  readonly #streams = new Map<string, readonly InstanceChange[]>();
  count = 0;

  constructor(world: World) {
    this.#crowd = new Crowd(world, (client) => ({ client, registrations: [] }));
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
    this.#observe(this.#crowd.get(0).client);
  }

  async perform(step: Step): Promise<void> {
    if (step.type === "fail-over") await this.#crowd.failOver();
    else if ("id" in step) this.#do(step.type, this.#crowd.get(step.who), step.id);
    else await this.#strike(step.type, step.who);
  }

  /** When all is calm, everybody sees those that were registered and not taken out, as they last said they are. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
    const expected = this.#crowd.people
      .flatMap(({ registrations }) => registrations)
      .filter(({ signal }) => !signal.aborted)
      .map(({ instance }) => instance)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(await world.until(client.coord.registry.find("web", { states }))).toEqual(expected);
    this.#observe(client);
    await world.pass(1_000);
    for (const changes of this.#streams.values()) {
      expect(changes.at(-1)?.instances ?? []).toEqual(expected);
      expect(folded(changes)).toEqual(expected);
    }
  }

  #observe({ coord, session, machine }: Client): void {
    const { items } = collect(coord.registry.watch("web", { states }));
    this.#streams.set(machine, items);
    session.signal.addEventListener("abort", () => this.#streams.delete(machine));
  }

  /** `sweep`: whoever it is of, it is taken out by hand. */
  #do(type: string, { client, registrations }: Person, id: string): void {
    const mine = registrations.filter(({ instance, signal }) => instance.id === id && !signal.aborted);
    if (type === "register") {
      this.count += 1;
      const service = { name: "web", id, address: `registration ${this.count}` };
      client.coord.registry
        .register(service, { timeoutMs: 3_000 })
        .then((registration) => registrations.push(registration))
        .catch(() => {});
    } else if (type === "sweep") {
      void client.session.delete(`/registry/web/${id}`).catch(() => {});
    } else if (type === "deregister") {
      // Also those that are gone for long, under an id that is another's by now.
      for (const one of registrations) if (one.instance.id === id) void one.deregister().catch(() => {});
    } else {
      for (const one of mine) one.report(one.instance.state === "passing" ? "warning" : "passing");
    }
  }

  async #strike(type: Strike["type"], index: number): Promise<void> {
    const person = this.#crowd.get(index);
    const { client } = person;
    if (type === "leave") {
      // Another session of the same process takes over the names.
      void client.coord.close().catch(() => {});
      person.client = await this.#successor(client);
    } else if (type === "kill") {
      this.#streams.delete(client.machine);
      await this.#crowd.kill(index);
      if (index === 0) this.#observe(this.#crowd.get(0).client);
    } else {
      this.#crowd.touchLinks(type, person);
    }
  }

  async #successor({ machine }: Client): Promise<Client> {
    this.#crowd.world.kernel.network.healAll();
    const { client } = await this.#crowd.newcomer();
    expect(client.machine).not.toBe(machine);
    this.#observe(client);
    return client;
  }
}

const runs = runsOr(10);

test("whatever people and machines do, all see who is registered, and nobody takes out another's", async () => {
  const made = await playAll("registry", schedule, runs, (world) => new Registrations(world));
  expect(made).toBeGreaterThan(runs * 2);
}, 300_000);
