import fc from "fast-check";
import { expect, test } from "vitest";
import type { LockHold, Locking, PermitOptions } from "../../src/recipes/lock-api.ts";
import { nothing, Places, remains } from "./places.ts";
import { World } from "./world.ts";
import type { Client } from "./world.ts";

const people = 4;
/** Everything that one can hold, and how many places it has. */
const objects = { lock: 1, semaphore: 3, readWrite: 1_000 } as const;
type ObjectName = keyof typeof objects;

type Step =
  | {
      readonly type: "acquire" | "try";
      readonly who: number;
      readonly what: ObjectName;
      readonly many: boolean;
    }
  | { readonly type: "release" | "abort" | "kill" | "cut" | "heal" | "reset"; readonly who: number }
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
      type: fc.constantFrom("acquire" as const, "acquire" as const, "try" as const),
      who,
      what: fc.constantFrom<ObjectName>("lock", "semaphore", "semaphore", "readWrite", "readWrite"),
      many: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("release" as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constantFrom("abort", "kill", "cut", "heal", "reset"), who }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("fail-over" as const) }) },
);
const thenMs = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 10, max: 300 }),
  fc.integer({ min: 300, max: 2_500 }),
);
const schedule = fc.array(fc.record({ step, thenMs }), { minLength: 25, maxLength: 60 });

interface Person {
  client: Client;
  controller: AbortController;
  held: LockHold[];
  acquired: number;
}

/** The lock, and how many of its places are taken. */
function lockOf(
  { coord }: Client,
  what: ObjectName,
  many: boolean,
): { readonly lock: Locking<PermitOptions>; readonly options: PermitOptions; readonly permits: number } {
  if (what === "lock") return { lock: coord.lock("x"), options: {}, permits: 1 };
  if (what === "semaphore") {
    const permits = many ? 2 : 1;
    return { lock: coord.semaphore("x", { permits: objects.semaphore }), options: { permits }, permits };
  }
  const { read, write } = coord.readWriteLock("x");
  return many
    ? { lock: write, options: {}, permits: objects.readWrite }
    : { lock: read, options: {}, permits: 1 };
}

class Play {
  readonly places: Places;
  readonly #world: World;
  readonly #people: Person[] = [];

  constructor(world: World) {
    this.#world = world;
    this.places = new Places(world.kernel);
  }

  async enter(): Promise<void> {
    while (this.#people.length < people) this.#people.push(await this.#person());
  }

  async perform({ step: next, thenMs: ms }: Timed): Promise<void> {
    if (next.type === "fail-over") await this.#failOver();
    else if (next.type === "acquire" || next.type === "try") this.#acquire(next);
    else await this.#strike(next.type, next.who);
    await this.#world.pass(ms);
  }

  /** Everybody gives up; then everything is free. */
  async end(): Promise<void> {
    const world = this.#world;
    world.kernel.network.healAll();
    for (const person of this.#people) {
      person.controller.abort();
      for (const hold of person.held) hold.release().catch(() => {});
    }
    await world.pass(20_000);
    const { client } = await this.#person();
    for (const [name, places] of Object.entries(objects)) {
      const { lock, options, permits } = lockOf(client, name as ObjectName, true);
      expect((await remains(world, client, lock.path)).line).toEqual([]);
      const hold = await world.until(lock.tryAcquire(options));
      if (hold === null) throw new Error(`${name} is not free`);
      this.places.add("last", name, permits, hold);
      await world.until(hold.release());
      expect(await remains(world, client, lock.path)).toEqual(nothing);
      this.places.check(name, places);
    }
  }

  #get(index: number): Person {
    const person = this.#people[index];
    if (person === undefined) throw new Error("nobody");
    return person;
  }

  async #person(): Promise<Person> {
    const client = await this.#world.client({ sessionTtlMs: 1_500 });
    return { client, controller: new AbortController(), held: [], acquired: 0 };
  }

  #acquire({ type, who: index, what, many }: Extract<Step, { what: ObjectName }>): void {
    const person = this.#get(index);
    const { lock, options, permits } = lockOf(person.client, what, many);
    const bounds = { ...options, signal: person.controller.signal };
    const process = `${person.client.machine}/${(person.acquired += 1)}`;
    const acquiring = type === "try" ? lock.tryAcquire(bounds) : lock.acquire(bounds);
    acquiring.then(
      (hold) => {
        if (hold === null) return;
        this.places.add(process, what, permits, hold);
        person.held.push(hold);
      },
      () => {},
    );
  }

  async #strike(type: string, index: number): Promise<void> {
    const { kernel } = this.#world;
    const person = this.#get(index);
    switch (type) {
      case "release":
        person.held
          .shift()
          ?.release()
          .catch(() => {});
        return;
      case "abort":
        person.controller.abort();
        person.controller = new AbortController();
        return;
      case "kill":
        kernel.node(person.client.machine).crash();
        for (let k = 1; k <= person.acquired; k += 1) this.places.died(`${person.client.machine}/${k}`);
        this.#people[index] = await this.#person();
        return;
      case "cut":
        this.#world.isolate(person.client);
        return;
      case "heal":
        this.#world.heal(person.client);
        return;
      default:
        this.#world.reset(person.client);
    }
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

test("whatever people and machines do, no more is held than there is, and in the end everything is free", async () => {
  let held = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), schedule, async (seed, steps) => {
      const play = new Play(await World.start(3, `locks ${seed}`));
      await play.enter();
      for (const next of steps) await play.perform(next);
      await play.end();
      held += play.places.count;
    }),
    { numRuns: runs },
  );
  // Three of each run are those that come last.
  expect(held).toBeGreaterThan(runs * 7);
}, 300_000);
