import fc from "fast-check";
import { expect, test } from "vitest";
import type { LockHold, Locking, PermitOptions } from "../../src/recipes/lock-api.ts";
import { nothing, Places, remains } from "./places.ts";
import { Crowd, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;
/** Everything that one can hold, and how many places it has. */
const objects = { lock: 1, semaphore: 3, readWrite: 1_000 } as const;
type ObjectName = keyof typeof objects;

interface Strike {
  readonly type: "release" | "abort" | "kill" | "cut" | "heal" | "reset";
  readonly who: number;
}
type Step =
  | {
      readonly type: "acquire" | "try";
      readonly who: number;
      readonly what: ObjectName;
      readonly many: boolean;
    }
  | Strike
  | { readonly type: "fail-over" };

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
const schedule = schedules(step, { minLength: 25, maxLength: 60 });

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

class Locks implements Play<Step> {
  readonly places: Places;
  readonly #crowd: Crowd<Person>;

  constructor(world: World) {
    this.places = new Places(world.kernel);
    this.#crowd = new Crowd(world, (client) => ({
      client,
      controller: new AbortController(),
      held: [],
      acquired: 0,
    }));
  }

  get count(): number {
    return this.places.count;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (step.type === "fail-over") await this.#crowd.failOver();
    else if (step.type === "acquire" || step.type === "try") this.#acquire(step);
    else await this.#strike(step.type, step.who);
  }

  /** Everybody gives up; then everything is free. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    for (const person of this.#crowd.people) {
      person.controller.abort();
      for (const hold of person.held) hold.release().catch(() => {});
    }
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
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

  #acquire({ type, who: index, what, many }: Extract<Step, { what: ObjectName }>): void {
    const person = this.#crowd.get(index);
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

  async #strike(type: Strike["type"], index: number): Promise<void> {
    const person = this.#crowd.get(index);
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
        for (let k = 1; k <= person.acquired; k += 1) this.places.died(`${person.client.machine}/${k}`);
        await this.#crowd.kill(index);
        return;
      default:
        this.#crowd.touchLinks(type, person);
    }
  }
}

const runs = runsOr(10);

test("whatever people and machines do, no more is held than there is, and in the end everything is free", async () => {
  const held = await playAll("locks", schedule, runs, (world) => new Locks(world));
  // Three of each run are those that come last.
  expect(held).toBeGreaterThan(runs * 7);
}, 300_000);
