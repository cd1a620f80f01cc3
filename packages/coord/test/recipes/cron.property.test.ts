import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cron, CronRun } from "../../src/recipes/cron/api.ts";
import { Beliefs } from "./beliefs.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 4;
const beatMs = 1_000;

type Step = Mishap | { readonly type: "rest" };

const step: fc.Arbitrary<Step> = fc.oneof(...mishaps(people, 6), {
  weight: 2,
  arbitrary: fc.record({ type: fc.constant("rest" as const) }),
});
const schedule = schedules(step, { minLength: 25, maxLength: 60 });

interface Person {
  readonly client: Client;
  readonly cron: Cron;
}

class Ticking implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  readonly #runs: CronRun[] = [];
  readonly #beliefs: Beliefs;

  constructor(world: World) {
    this.#beliefs = new Beliefs(world.kernel);
    this.#crowd = new Crowd(world, (client) => {
      const options = { schedule: "* * * * * *", missed: "all", overlap: "allow", keepRuns: 1_000 } as const;
      const cron = client.coord.cron("x", options);
      cron.run((run) => this.#ran(client, run)).catch(ignore);
      return { client, cron };
    });
  }

  get count(): number {
    return this.#runs.length;
  }

  #ran({ machine }: Client, run: CronRun): void {
    this.#runs.push(run);
    this.#beliefs.add(machine, run.id, run);
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (isMishap(step)) await this.#crowd.suffer(step);
    else await this.#crowd.world.pass(3 * beatMs);
  }

  /** No tick was left out or run twice; what nobody ran was taken up by somebody who died or was cut off. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    // The others may all have lost their sessions by now.
    const { cron } = await this.#crowd.newcomer();
    await this.#crowd.calm();
    const history = await world.until(cron.history());
    const oldest = history.at(-1);
    if (oldest === undefined) throw new Error("nothing ran");
    expect(history.map(({ number }) => number)).toEqual(history.map((_, k) => history.length - k));
    for (const { number, tickMs } of history)
      expect(tickMs).toBe(oldest.tickMs + (number - oldest.number) * beatMs);
    for (const { tickMs, state } of history) {
      const runs = this.#runs.filter((run) => run.tickMs === tickMs).length;
      if (state === "done") expect(runs).toBe(1);
      else expect(runs).toBeLessThanOrEqual(1);
    }
    this.#beliefs.check();
    const inOrder = this.#runs.toSorted((a, b) => a.epoch - b.epoch);
    expect(inOrder.map(({ tickMs }) => tickMs)).toEqual([...new Set(inOrder.map(({ tickMs }) => tickMs))]);
    expect(inOrder.map(({ number }) => number)).toEqual(
      inOrder.map(({ number }) => number).toSorted((a, b) => a - b),
    );
    // The last that it was calm in were run in time.
    const late = history.slice(0, 10).filter(({ state }) => state !== "done" && state !== "running");
    expect(late).toEqual([]);
  }
}

/** Its session was lost, or its machine. */
function ignore(): void {}

const runs = runsOr(10);

test("whatever people and machines do, no tick is run twice or left out", async () => {
  const ticks = await playAll("ticking", schedule, runs, (world) => new Ticking(world));
  expect(ticks).toBeGreaterThan(runs * 15);
}, 300_000);
