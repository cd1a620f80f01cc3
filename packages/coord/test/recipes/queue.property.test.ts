import fc from "fast-check";
import { expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import type { Queue, Taken } from "../../src/recipes/queue/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;

type Step =
  | { readonly type: "put"; readonly who: number; readonly delayMs: number }
  | { readonly type: "take"; readonly who: number; readonly end: "ack" | "release" | "keep" }
  /** Acknowledges what was kept longest, whatever became of it. */
  | { readonly type: "finish"; readonly who: number }
  | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("put" as const),
      who,
      delayMs: fc.constantFrom(0, 0, 0, 700),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("take" as const),
      who,
      end: fc.constantFrom("ack" as const, "release" as const, "keep" as const, "keep" as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("finish" as const), who }) },
  ...mishaps(people, 6),
);
const schedule = schedules(step, { minLength: 25, maxLength: 60 });

interface Person {
  readonly client: Client;
  readonly queue: Queue<string>;
  /** Ends what it waits for. */
  readonly end: AbortController;
  taken: number;
  readonly kept: Taken<string>[];
}

/** What is known of one item that somebody wanted to put. */
interface Put {
  /** Answered: it is in the queue for certain. */
  isCertain: boolean;
  /** Acknowledgements that were answered. */
  acks: number;
  /** Acknowledgements that were sent, whatever came of them. */
  tries: number;
}

class Queueing implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  readonly #beliefs: Beliefs;
  readonly #puts = new Map<string, Put>();

  constructor(world: World) {
    this.#beliefs = new Beliefs(world.kernel);
    this.#crowd = new Crowd(world, (client) => ({
      client,
      queue: client.coord.queue("x", { codec: textCodec(), maxDeliveries: 1_000 }),
      end: new AbortController(),
      taken: 0,
      kept: [],
    }));
  }

  get count(): number {
    return [...this.#puts.values()].filter(({ acks }) => acks > 0).length;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (step.type === "put") this.#put(this.#crowd.get(step.who), step.delayMs);
    else if (step.type === "take") void this.#take(this.#crowd.get(step.who), step.end).catch(ignore);
    else if (step.type === "finish") this.#finish(this.#crowd.get(step.who));
    else if (step.type === "kill") await this.#kill(step.who);
    else await this.#crowd.suffer(step);
  }

  /** Everybody gives up; whatever is left is taken then, each item once. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    for (const { end } of this.#crowd.people) end.abort();
    await this.#crowd.calm();
    // Of those who lost theirs meanwhile, nobody is believed.
    for (const { kept } of this.#crowd.people) for (const item of kept) void this.#ack(item).catch(ignore);
    await world.pass(1_000);
    const person = await this.#crowd.newcomer();
    for (;;) {
      const item = await world.until(person.queue.take({ timeoutMs: 3_000 }).catch(() => null));
      if (item === null) break;
      this.#believe(person, item);
      await world.until(this.#ack(item));
    }
    expect(await world.until(person.queue.size())).toBe(0);
    this.#beliefs.check();
    for (const [value, { isCertain, acks, tries }] of this.#puts) {
      expect(acks, `${value} was acknowledged ${acks} times`).toBeLessThanOrEqual(1);
      if (isCertain && tries === acks) expect(acks, `${value} was lost`).toBe(1);
    }
  }

  async #kill(index: number): Promise<void> {
    const { client, taken } = this.#crowd.get(index);
    for (let k = 1; k <= taken; k += 1) this.#beliefs.died(`${client.machine}/${k}`);
    await this.#crowd.kill(index);
  }

  #put({ queue }: Person, delayMs: number): void {
    const value = `item ${this.#puts.size}`;
    const put = { isCertain: false, acks: 0, tries: 0 };
    this.#puts.set(value, put);
    queue.put(value, { delayMs }).then(() => {
      put.isCertain = true;
    }, ignore);
  }

  async #take(person: Person, end: "ack" | "release" | "keep"): Promise<void> {
    const item = await person.queue.take({ signal: person.end.signal });
    this.#believe(person, item);
    if (end === "ack") await this.#ack(item);
    else if (end === "release") await item.release();
    else person.kept.push(item);
  }

  #finish({ kept }: Person): void {
    const item = kept.shift();
    if (item !== undefined) void this.#ack(item).catch(ignore);
  }

  #believe(person: Person, item: Taken<string>): void {
    person.taken += 1;
    this.#beliefs.add(`${person.client.machine}/${person.taken}`, item.value, item);
  }

  async #ack(item: Taken<string>): Promise<void> {
    const put = this.#puts.get(item.value);
    if (put === undefined) throw new Error("nobody put that");
    put.tries += 1;
    await item.ack({ timeoutMs: Infinity });
    put.acks += 1;
  }
}

/** Its session was lost, or its machine. */
function ignore(): void {}

// Ten make 50 to 80 acknowledgements, too few for the guard below.
const runs = runsOr(30);

test("whatever people and machines do, every item is had by one at a time and acknowledged once", async () => {
  const acknowledged = await playAll("queueing", schedule, runs, (world) => new Queueing(world));
  expect(acknowledged).toBeGreaterThan(runs * 5);
}, 300_000);
