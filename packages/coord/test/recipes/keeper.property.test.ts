import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeptWorker, Slot } from "../../src/recipes/keeper/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 3;
const replicas = 5;

type Step =
  | { readonly type: "run" | "stop" | "end"; readonly who: number }
  | { readonly type: "scale"; readonly who: number; readonly to: number }
  | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom("run" as const, "run" as const, "stop" as const), who }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("end" as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("scale" as const), who, to: fc.nat(8) }) },
  ...mishaps(people, 5),
);
const schedule = schedules(step, { minLength: 20, maxLength: 40 });

const ignore = (): void => {};

interface Worker {
  readonly slot: Slot;
  readonly end: (how: string) => void;
}

interface Person {
  client: Client;
  running: AbortController | null;
  workers: Set<Worker>;
}

class Keepers implements Play<Step> {
  readonly #beliefs: Beliefs;
  readonly #crowd: Crowd<Person>;
  readonly #world: World;
  readonly #epochs = new Set<string>();
  #started = 0;

  constructor(world: World) {
    this.#world = world;
    this.#beliefs = new Beliefs(world.kernel);
    this.#crowd = new Crowd(world, (client) => ({ client, running: null, workers: new Set() }));
  }

  get count(): number {
    return this.#started;
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
        this.#run(person);
        return;
      case "stop":
        person.running?.abort();
        return;
      case "end":
        for (const worker of [...person.workers].slice(0, 1)) worker.end("crashed");
        return;
      case "scale":
        person.client.coord
          .keeper("k")
          .scale(step.to)
          .catch(() => {});
    }
  }

  /** With calm there are as many workers as are wanted, one in each slot. */
  async end(): Promise<void> {
    await this.#crowd.calm();
    const last = await this.#crowd.newcomer();
    this.#crowd.people.push(last);
    for (const person of this.#crowd.people) this.#run(person);
    const { client } = last;
    await this.#world.until(client.coord.keeper("k").scale(replicas));
    await this.#crowd.calm();
    const slots = this.#crowd.people.flatMap(({ workers }) => [...workers].map(({ slot }) => slot.index));
    expect(slots.toSorted((a, b) => a - b)).toEqual(Array.from({ length: replicas }, (_, index) => index));
    const status = await this.#world.until(client.coord.keeper("k").status());
    expect(status.slots.map(({ state }) => state)).toEqual(slots.map(() => "running"));
    this.#beliefs.check();
  }

  #run(person: Person): void {
    if (person.running !== null) return;
    const running = new AbortController();
    person.running = running;
    const { coord, machine } = person.client;
    const driver = (slot: Slot): KeptWorker => this.#start(person, slot);
    const restarts = { backoffMs: 50, maxBackoffMs: 400, budget: 100 };
    const ended = (): void => {
      person.running = null;
      // None is left running behind.
      expect(person.workers.size).toBe(0);
    };
    void coord
      .keeper("k", { replicas, driver, id: machine, drainMs: 500, restarts })
      .run({ signal: running.signal })
      .then(ended, ended);
  }

  #start({ client, workers }: Person, slot: Slot): KeptWorker {
    this.#started += 1;
    // Those of one epoch follow one another.
    if (!this.#epochs.has(`${slot.index} ${slot.epoch}`))
      this.#beliefs.add(client.machine, `slot ${slot.index}`, slot);
    this.#epochs.add(`${slot.index} ${slot.epoch}`);
    let end: (how: string) => void = ignore;
    const ended = new Promise<string>((resolve) => {
      end = (how) => {
        workers.delete(worker);
        resolve(how);
      };
    });
    const worker: Worker = { slot, end };
    workers.add(worker);
    // Some end when they are asked to, others have to be made to.
    const stop = (): void => {
      if (slot.index % 2 === 0) this.#world.kernel.after(50, () => end("stopped"));
    };
    return { ended, stop, kill: () => end("killed") };
  }
}

const runs = runsOr(5);

test("whatever happens, one worker at a time is in a slot, and with calm there are as many as wanted", async () => {
  const started = await playAll("keeper", schedule, runs, (world) => new Keepers(world));
  expect(started).toBeGreaterThan(runs * replicas);
}, 300_000);
