import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConfigVersion } from "../../src/recipes/config/api.ts";
import { type Flags, flagsOf } from "./flags.ts";
import {
  Crowd,
  historyEvents,
  isMishap,
  type Mishap,
  mishaps,
  type Play,
  playAll,
  runsOr,
  schedules,
} from "./play.ts";
import { type Client, collect, type World } from "./world.ts";

const people = 3;
const kept = 5;

/**
 * Whether members remember all that somebody missed who was told the version after so many others: three changes at most
 * of each, and two of the version told before, whose first change is what tells it.
 */
function isKept(missed: number): boolean {
  return (missed + 1) * 3 + 2 <= historyEvents;
}

type Step = { readonly type: "set" | "update" | "rollback" | "unfit"; readonly who: number } | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constantFrom("set" as const, "update" as const, "rollback" as const, "unfit" as const),
      who,
    }),
  },
  ...mishaps(people, 4),
);
const schedule = schedules(step, { minLength: 20, maxLength: 50 });

interface Person {
  readonly client: Client;
}

class Configuring implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  /** What the sessions that live were told. */
  readonly #streams = new Map<string, readonly ConfigVersion<Flags>[]>();
  /** Writes that were acknowledged. */
  readonly #written: ConfigVersion<Flags>[] = [];
  #wanted = 0;

  constructor(world: World) {
    this.#crowd = new Crowd(world, (client) => {
      const { items } = collect(flagsOf(client).watch());
      this.#streams.set(client.machine, items);
      client.session.signal.addEventListener("abort", () => this.#streams.delete(client.machine));
      return { client };
    });
  }

  get count(): number {
    return this.#written.length;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (!isMishap(step)) {
      this.#write(step.type, this.#crowd.get(step.who).client);
      return;
    }
    if (step.type === "kill") this.#streams.delete(this.#crowd.get(step.who).client.machine);
    await this.#crowd.suffer(step);
  }

  /** Each version was made once, all are told the same ones in order, and in the end the latest. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
    await world.pass(1_000);
    const latest = await world.until(flagsOf(client).get());
    const history = await world.until(flagsOf(client).history());
    const made = new Map<number, unknown>(history.map((each) => [each.version, each]));
    if (latest !== null) {
      expect(history[0]).toEqual(latest);
      const least = Math.max(1, latest.version - kept + 1);
      expect(history.map(({ version }) => version).toReversed()).toEqual(
        Array.from({ length: latest.version - least + 1 }, (_, n) => least + n),
      );
    }
    expect(new Set(this.#written.map(({ version }) => version)).size).toBe(this.#written.length);
    for (const told of [this.#written, ...this.#streams.values()]) {
      for (const each of told) {
        expect(each).toEqual(made.get(each.version) ?? each);
        made.set(each.version, each);
      }
    }
    for (const told of this.#streams.values()) {
      const versions = told.map(({ version }) => version);
      const leftOut = versions.slice(1).map((version, n) => version - (versions[n] ?? 0) - 1);
      expect(leftOut.filter((many) => many !== 0 && isKept(many))).toEqual([]);
      expect(told.at(-1) ?? null).toEqual(latest);
    }
  }

  #write(type: "set" | "update" | "rollback" | "unfit", client: Client): void {
    const config = flagsOf(client, kept);
    this.#wanted += 1;
    const value = { checkout: `${this.#wanted}`, rate: type === "unfit" ? 2 : 0 };
    const writing =
      type === "update"
        ? config.update((before) => ({ ...value, rate: before?.rate ?? 1 }))
        : type === "rollback"
          ? config.rollback(Math.max(1, this.#written.length - 2))
          : config.set(value);
    writing.then((version) => this.#written.push(version), ignore);
  }
}

/** Its session was lost, or its machine; a value that did not fit; a version that is kept no more. */
function ignore(): void {}

const runs = runsOr(10);

test("whatever people and machines do, every version is made once and told to all in order", async () => {
  const versions = await playAll("config", schedule, runs, (world) => new Configuring(world));
  expect(versions).toBeGreaterThan(runs * 3);
}, 300_000);
