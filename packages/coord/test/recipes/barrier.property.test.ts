import fc from "fast-check";
import { expect, test } from "vitest";
import type { BarrierRound } from "../../src/recipes/barrier/api.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import type { Client, World } from "./world.ts";

const people = 5;
const parties = 3;
const count = 6;
/** As long as the place of somebody who is gone may count, with leaders that change. */
const lastsMs = 20_000;

type Step =
  | { readonly type: "enter" | "leave" | "release" | "give-up" | "count"; readonly who: number }
  | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant("enter" as const), who }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom("leave" as const, "release" as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("give-up" as const, "count" as const), who }) },
  ...mishaps(people, 5),
);
const schedule = schedules(step, { minLength: 30, maxLength: 70 });

/** One who asked to enter. */
interface Entry {
  readonly beganMs: number;
  readonly stop: AbortController;
  /** Without it: it waits, or the wait ended otherwise, by time, signal, loss or death. */
  round?: BarrierRound;
  passedMs?: number;
  endedMs?: number;
  /** As it left, its signal fired, or its machine crashed: nobody may be through before. */
  outMs?: number;
  throughMs?: number;
}

interface Person {
  readonly client: Client;
  readonly entries: Entry[];
}

class Barriers implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  readonly #entries: Entry[] = [];
  readonly #opened: number[] = [];
  #counted = 0;
  #keys = 0;

  constructor(world: World) {
    this.#crowd = new Crowd(world, (client) => {
      const latch = client.coord.latch("x", { count });
      latch.wait().then(() => this.#opened.push(this.#counted), ignore);
      return { client, entries: [] };
    });
  }

  /** Of those that were passed by somebody. */
  get count(): number {
    return this.#rounds().size;
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (isMishap(step)) {
      if (step.type === "kill") for (const entry of this.#crowd.get(step.who).entries) this.#over(entry);
      return this.#crowd.suffer(step);
    }
    const person = this.#crowd.get(step.who);
    if (step.type === "enter") this.#ask(person);
    else if (step.type === "leave" || step.type === "release") this.#leave(person, step.type);
    else if (step.type === "give-up") for (const { stop } of person.entries) stop.abort();
    else this.#count(person);
  }

  async end(): Promise<void> {
    const { world, people: living } = this.#crowd;
    for (const { entries } of living) for (const { stop } of entries) stop.abort();
    await this.#crowd.calm();
    for (const person of living) this.#leave(person, "leave");
    // Whoever began a round as the wait was given up has left; whoever is inside can leave.
    await world.pass(5_000);
    for (const [epoch, entries] of this.#rounds()) this.#judge(epoch, entries);
    const { client } = await this.#crowd.newcomer();
    const base = "/double-barrier/x";
    expect((await world.until(client.session.children(`${base}/line`)))?.names ?? []).toEqual([]);
    const together = Array.from({ length: parties }, () =>
      client.coord.doubleBarrier("x", { parties }).enter(),
    );
    const rounds = await world.until(Promise.all(together));
    expect(new Set(rounds.map(({ epoch }) => epoch)).size).toBe(1);
    await this.#endCounting(client);
  }

  /** What was passed together. */
  #rounds(): ReadonlyMap<number, readonly Entry[]> {
    const rounds = new Map<number, Entry[]>();
    for (const entry of this.#entries) {
      const { epoch } = entry.round ?? {};
      if (epoch !== undefined) rounds.set(epoch, [...(rounds.get(epoch) ?? []), entry]);
    }
    return rounds;
  }

  #judge(epoch: number, entries: readonly Entry[]): void {
    const indexes = entries.map(({ round }) => round?.index);
    expect(new Set(indexes).size).toBe(entries.length);
    expect(entries.length).toBeLessThanOrEqual(parties);
    const firstMs = Math.min(...entries.map(({ passedMs = 0 }) => passedMs));
    // Whoever is not seen to have passed asked before, and then gave up or died.
    const others = this.#entries.filter(
      ({ round, beganMs, endedMs = Infinity }) =>
        round === undefined && beganMs < firstMs && endedMs < Infinity && endedMs > firstMs - lastsMs,
    );
    expect(entries.length + others.length).toBeGreaterThanOrEqual(parties);
    for (const { beganMs } of entries) expect(beganMs).toBeLessThan(firstMs);
    for (const { throughMs = Infinity } of entries)
      for (const { outMs = Infinity } of entries)
        if (throughMs < Infinity) expect(outMs).toBeLessThanOrEqual(throughMs);
    // No round begins before the one before it is over.
    for (const [later, ones] of this.#rounds()) {
      if (later <= epoch) continue;
      const beganMs = Math.min(...ones.map(({ passedMs = 0 }) => passedMs));
      for (const { outMs = Infinity } of entries) expect(outMs).toBeLessThanOrEqual(beganMs);
    }
  }

  #ask({ client, entries }: Person): void {
    const { kernel } = this.#crowd.world;
    const stop = new AbortController();
    const entry: Entry = { beganMs: kernel.nowMs, stop };
    entries.push(entry);
    this.#entries.push(entry);
    client.coord
      .doubleBarrier("x", { parties })
      .enter({ signal: stop.signal })
      .then(
        (round) => {
          entry.round = round;
          entry.passedMs = kernel.nowMs;
          const out = (): void => this.#over(entry);
          if (round.signal.aborted) out();
          else round.signal.addEventListener("abort", out);
        },
        () => this.#over(entry),
      );
  }

  #over(entry: Entry): void {
    const { nowMs } = this.#crowd.world.kernel;
    entry.endedMs ??= nowMs;
    entry.outMs ??= nowMs;
  }

  #leave({ entries }: Person, how: "leave" | "release"): void {
    for (const entry of entries) {
      const { round } = entry;
      if (round === undefined) continue;
      if (how === "release") round.release().catch(ignore);
      else
        round.leave().then(() => {
          entry.throughMs ??= this.#crowd.world.kernel.nowMs;
        }, ignore);
    }
  }

  /** Of each key twice, as somebody would who does not know. */
  #count({ client }: Person): void {
    if (this.#keys >= count - 1) return;
    this.#keys += 1;
    const key = `k${this.#keys}`;
    this.#counted += 1;
    for (let time = 0; time < 2; time += 1)
      client.coord.latch("x", { count }).countDown({ key }).catch(ignore);
  }

  /** It is not open before the last is counted, and then for all. */
  async #endCounting(client: Client): Promise<void> {
    const { world } = this.#crowd;
    const latch = client.coord.latch("x", { count });
    expect(this.#opened).toEqual([]);
    for (let key = 1; key < count; key += 1) await world.until(latch.countDown({ key: `k${key}` }));
    expect(await world.until(latch.remaining())).toBe(1);
    this.#counted = count;
    await world.until(latch.countDown());
    await world.pass(1_000);
    const alive = this.#crowd.people.filter(({ client: { session } }) => !session.signal.aborted);
    expect(this.#opened.length).toBeGreaterThanOrEqual(alive.length);
  }
}

/** Its session was lost, or its machine. */
function ignore(): void {}

const runs = runsOr(10);

test("whatever people and machines do, nobody passes a barrier early, and nobody waits for the dead", async () => {
  const rounds = await playAll("barriers", schedule, runs, (world) => new Barriers(world));
  expect(rounds).toBeGreaterThan(runs);
}, 300_000);
