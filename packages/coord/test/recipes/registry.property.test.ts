import fc from "fast-check";
import { expect, test } from "vitest";
import type {
  Instance,
  InstanceChange,
  InstanceState,
  Registration,
} from "../../src/recipes/registry/api.ts";
import { type Client, collect, World } from "./world.ts";

const people = 3;
const ids = ["a", "b"];
const states: readonly InstanceState[] = ["passing", "warning", "critical", "draining", "maintenance"];

type Step =
  | { readonly type: "register" | "deregister" | "change"; readonly who: number; readonly id: string }
  | { readonly type: "kill" | "cut" | "heal" | "reset" | "leave"; readonly who: number }
  | { readonly type: "fail-over" };
interface Timed {
  readonly step: Step;
  readonly thenMs: number;
}

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
const thenMs = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 10, max: 300 }),
  fc.integer({ min: 300, max: 2_500 }),
);
const schedule = fc.array(fc.record({ step, thenMs }), { minLength: 20, maxLength: 50 });

interface Person {
  client: Client;
  readonly registrations: Registration[];
}

function folded(changes: readonly InstanceChange[]): readonly Instance[] {
  const instances = new Map<string, Instance>();
  for (const { added, changed, removed } of changes) {
    for (const { id } of removed) instances.delete(id);
    for (const instance of [...added, ...changed]) instances.set(instance.id, instance);
  }
  return [...instances.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

class Play {
  readonly #world: World;
  readonly #people: Person[] = [];
  /** What the processes that live were told, by their machines. */
  readonly #streams = new Map<string, readonly InstanceChange[]>();
  #made = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get made(): number {
    return this.#made;
  }

  async enter(): Promise<void> {
    while (this.#people.length < people) this.#people.push(await this.#person());
    this.#observe(this.#get(0).client);
  }

  async perform({ step: next, thenMs: ms }: Timed): Promise<void> {
    if (next.type === "fail-over") await this.#failOver();
    else if ("id" in next) this.#do(next.type, this.#get(next.who), next.id);
    else await this.#strike(next.type, next.who);
    await this.#world.pass(ms);
  }

  /** When all is calm, everybody sees those that were registered and not taken out, as they last said they are. */
  async end(): Promise<void> {
    const world = this.#world;
    world.kernel.network.healAll();
    await world.pass(20_000);
    const { client } = await this.#person();
    const expected = this.#people
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

  #get(index: number): Person {
    const person = this.#people[index];
    if (person === undefined) throw new Error("nobody");
    return person;
  }

  async #person(): Promise<Person> {
    return { client: await this.#world.client({ sessionTtlMs: 1_500 }), registrations: [] };
  }

  #observe({ coord, session, machine }: Client): void {
    const { items } = collect(coord.registry.watch("web", { states }));
    this.#streams.set(machine, items);
    session.signal.addEventListener("abort", () => this.#streams.delete(machine));
  }

  #do(type: string, { client, registrations }: Person, id: string): void {
    const mine = registrations.filter(({ instance, signal }) => instance.id === id && !signal.aborted);
    if (type === "register") {
      this.#made += 1;
      const service = { name: "web", id, address: `registration ${this.#made}` };
      client.coord.registry
        .register(service, { timeoutMs: 3_000 })
        .then((registration) => registrations.push(registration))
        .catch(() => {});
    } else if (type === "deregister") {
      // Also those that are gone for long, under an id that is another's by now.
      for (const one of registrations) if (one.instance.id === id) void one.deregister().catch(() => {});
    } else {
      for (const one of mine) one.report(one.instance.state === "passing" ? "warning" : "passing");
    }
  }

  async #strike(type: string, index: number): Promise<void> {
    const world = this.#world;
    const person = this.#get(index);
    const { client } = person;
    if (type === "cut") world.isolate(client);
    if (type === "heal") world.heal(client);
    if (type === "reset") world.reset(client);
    if (type === "leave") {
      // Another session of the same process takes over the names.
      void client.coord.close().catch(() => {});
      person.client = await this.#successor(client);
    }
    if (type === "kill") {
      world.kernel.node(client.machine).crash();
      this.#streams.delete(client.machine);
      this.#people[index] = await this.#person();
      if (index === 0) this.#observe(this.#get(0).client);
    }
  }

  async #successor({ machine }: Client): Promise<Client> {
    this.#world.kernel.network.healAll();
    const next = await this.#world.client({ sessionTtlMs: 1_500 });
    expect(next.machine).not.toBe(machine);
    this.#observe(next);
    return next;
  }

  async #failOver(): Promise<void> {
    const { cluster, kernel } = this.#world;
    const leader = await cluster.leader();
    kernel.node(leader).crash();
    kernel.after(1_000, () => void cluster.restart(leader));
    await this.#world.pass(10);
  }
}

const runs = Number(process.env["RUNS"] ?? 10);

test("whatever people and machines do, all see who is registered, and nobody takes out another's", async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), schedule, async (seed, steps) => {
      const play = new Play(await World.start(3, `registry ${seed}`));
      await play.enter();
      for (const next of steps) await play.perform(next);
      await play.end();
      made += play.made;
    }),
    { numRuns: runs },
  );
  expect(made).toBeGreaterThan(runs * 2);
}, 300_000);
