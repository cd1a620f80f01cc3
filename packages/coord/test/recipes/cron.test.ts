import { expect, test } from "vitest";
import type { FlotillaError } from "@flotilla/runtime";
import type { Cron, CronOptions, CronRecord, CronRun } from "../../src/recipes/cron/api.ts";
import { createCron } from "../../src/recipes/cron/cron.ts";
import { type Client, rejection, World } from "./world.ts";

const everySecond = "* * * * * *";

function cronOf({ coord }: Client, options: Partial<CronOptions> = {}): Cron {
  return coord.cron("x", { schedule: everySecond, ...options });
}

interface Participant {
  readonly runs: CronRun[];
  readonly stop: () => Promise<void>;
}

/** Takes part, each run for so long. */
function takePart(client: Client, cron: Cron, forMs = 0): Participant {
  const runs: CronRun[] = [];
  const end = new AbortController();
  const running = cron.run(
    async (run) => {
      runs.push(run);
      await new Promise<void>((resolve) => void client.session.clock.setTimer(forMs, resolve));
    },
    { signal: end.signal },
  );
  running.catch(() => {});
  const stop = (): Promise<void> => {
    end.abort();
    return running;
  };
  return { runs, stop };
}

function ticksOf(...participants: readonly Participant[]): number[] {
  return participants.flatMap(({ runs }) => runs.map(({ tickMs }) => tickMs)).toSorted((a, b) => a - b);
}

/** So many ticks, each a second after the one before. */
function expectEverySecond(ticks: readonly number[], least: number): void {
  expect(ticks.length).toBeGreaterThanOrEqual(least);
  const [first = 0] = ticks;
  expect(ticks).toEqual(ticks.map((_, k) => first + k * 1_000));
}

test("a run that goes on or ends while the history is read is not told as lost", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const all = clients.map((client) => takePart(client, cronOf(client)));
  const cron = cronOf(await world.client());
  const seen = new Set<string>();
  const end = new AbortController();
  const poll = async (): Promise<void> => {
    while (!end.signal.aborted) for (const { state } of await cron.history({ limit: 3 })) seen.add(state);
  };
  const polling = Promise.all([poll(), poll(), poll()]);
  await world.pass(30_000);
  end.abort();
  await world.until(polling);
  expect([...seen].toSorted()).toEqual(["done", "running"]);
  await world.until(Promise.all(all.map(({ stop }) => stop())));
});

test("the latest runs are read alone, also while the ring fills and when it begins anew", async () => {
  const world = await World.start();
  const [client, other] = await world.three();
  const keepRuns = 20;
  const participant = takePart(client, cronOf(client, { keepRuns }));
  const asked: string[] = [];
  const session = new Proxy(other.session, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (key === "childNodes") asked.push(String(args[0]));
        return Reflect.apply(member, target, args);
      };
    },
  });
  const { random } = world.kernel.node("nobody").start();
  const cron = createCron(session, random, "x", { schedule: everySecond });
  /** Amid two ticks. */
  const compare = async (): Promise<readonly CronRecord[]> => {
    await world.pass(1_500 - (client.session.clock.wallNow() % 1_000));
    const all = await world.until(cron.history());
    asked.length = 0;
    for (const limit of [1, 3])
      expect(await world.until(cron.history({ limit }))).toEqual(all.slice(0, limit));
    return all;
  };
  for (let round = 0; round < 45; round += 1) {
    const { length } = await compare();
    if (length > 0) expect(asked).toEqual(["/cron/x/running", "/cron/x/running"]);
  }
  // Somebody keeps fewer from now on.
  await world.until(participant.stop());
  const fewer = takePart(client, cronOf(client, { keepRuns: 7 }));
  for (let round = 0; round < 10; round += 1) await compare();
  await world.until(fewer.stop());
});

test("each tick is run once, by whichever member is first, and recorded", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const all = clients.map((client) => takePart(client, cronOf(client, { keepRuns: 5 })));
  await world.pass(20_500);
  expectEverySecond(ticksOf(...all), 18);
  const runs = all.flatMap((each) => each.runs).toSorted((a, b) => a.number - b.number);
  expect(runs.map(({ number }) => number)).toEqual(runs.map((_, k) => k + 1));
  for (const { lateMs } of runs) expect(lateMs).toBeLessThan(250);
  for (const [k, { epoch }] of runs.entries()) expect(epoch).toBeGreaterThan(runs[k - 1]?.epoch ?? 0);
  const [one] = clients;
  const history = await world.until(cronOf(one).history());
  const last = runs.at(-1);
  expect(history.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4].map((k) => (last?.number ?? 0) - k));
  expect(history[0]).toMatchObject({ id: last?.id, tickMs: last?.tickMs, state: "done", error: "" });
  expect(await world.until(cronOf(one).history({ limit: 2 }))).toEqual(history.slice(0, 2));
  await world.until(Promise.all(all.map(({ stop }) => stop())));
});

test("a run that throws is recorded as failed, and the next tick is run", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const cron = cronOf(client);
  const errors: unknown[] = [];
  const end = new AbortController();
  const running = cron.run(
    ({ number }) => {
      if (number === 1) throw new Error("not today");
    },
    { signal: end.signal, onError: (error) => errors.push(error) },
  );
  await world.pass(3_500);
  end.abort();
  await world.until(running);
  expect(errors).toEqual([new Error("not today")]);
  const history = await world.until(cron.history());
  expect(
    history
      .map(({ state, error }) => [state, error])
      .toReversed()
      .slice(0, 2),
  ).toEqual([
    ["failed", "not today"],
    ["done", ""],
  ]);
});

test("ticks while a run goes on are passed over, wait, or run beside it", async () => {
  for (const overlap of ["skip", "wait", "allow"] as const) {
    const world = await World.start(3, overlap);
    const [one, two] = await world.three();
    const options = { overlap, missed: "all" } as const;
    const all = [one, two].map((client) => takePart(client, cronOf(client, options), 2_500));
    await world.pass(9_300);
    const ticks = ticksOf(...all);
    if (overlap === "allow") expectEverySecond(ticks, 8);
    if (overlap === "wait") expectEverySecond(ticks, 3);
    if (overlap !== "allow") expect(ticks.length).toBeLessThanOrEqual(4);
    const states = (await world.until(cronOf(one).history())).map(({ state }) => state);
    expect(states.includes("skipped")).toBe(overlap === "skip");
    await world.until(Promise.all(all.map(({ stop }) => stop())));
  }
});

test("a run that lasts longer than its record does not put it in the place of a later one", async () => {
  const world = await World.start();
  const client = await world.client();
  const cron = cronOf(client, { overlap: "allow", keepRuns: 2 });
  const participant = takePart(client, cron, 4_500);
  await world.pass(12_000);
  const history = await world.until(cron.history());
  expect(history.map(({ number }) => number)).toEqual([participant.runs.length, participant.runs.length - 1]);
  await world.until(participant.stop());
  const page = await world.until(client.session.children(`${cron.path}/running`));
  expect(page?.names).toEqual([]);
});

test.each([
  ["skip", 0],
  ["once", 1],
  ["all", 5],
] as const)("of ticks that nobody was there for, %s makes up for %i", async (missed, count) => {
  const world = await World.start(3);
  const client = await world.client();
  const options = {
    schedule: "*/10 * * * * *",
    missed,
    maxMissed: 5,
    graceMs: 1_000,
    overlap: "wait",
  } as const;
  const first = takePart(client, cronOf(client, options));
  await world.pass(11_000);
  await world.until(first.stop());
  const before = first.runs.at(-1)?.tickMs ?? 0;
  // Off the beat, so that the latest is too late for grace.
  await world.pass(90_000 - ((client.session.clock.wallNow() - before) % 10_000) + 5_000);
  const fromMs = client.session.clock.wallNow();
  const second = takePart(client, cronOf(client, options));
  await world.pass(2_000);
  const madeUp = second.runs.filter(({ tickMs }) => tickMs < fromMs);
  expect(madeUp.length).toBe(count);
  expect(madeUp.map(({ tickMs }) => tickMs)).toEqual(
    madeUp.map((_, k) => Math.floor(fromMs / 10_000) * 10_000 - (count - 1 - k) * 10_000),
  );
  await world.pass(10_000);
  expect(second.runs.length).toBe(count + 1);
  await world.until(second.stop());
});

test("a wall clock that was behind and is set right is seen within five seconds", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const { clock } = world.kernel.node(client.machine);
  const cron = cronOf(client, { missed: "once", graceMs: 3_600_000 });
  const someone = takePart(client, cron);
  await world.pass(2_000);
  clock.jumpWall(-3_600_000);
  await world.pass(20_000);
  const before = someone.runs.length;
  clock.jumpWall(3_600_000);
  await world.pass(5_100);
  expect(someone.runs.length).toBeGreaterThan(before);
  await world.until(someone.stop());
});

test("a run whose process dies is lost, not repeated, and others take up the ticks after it", async () => {
  const world = await World.start(3);
  const [one, two] = await world.three();
  const options = { overlap: "allow" } as const;
  const first = takePart(one, cronOf(one, options), 60_000);
  await world.pass(1_500);
  const second = takePart(two, cronOf(two, options));
  const [run] = first.runs;
  world.kernel.node(one.machine).crash();
  await world.pass(10_000);
  expect(second.runs.every(({ tickMs }) => tickMs > (run?.tickMs ?? 0))).toBe(true);
  expectEverySecond(ticksOf(second), 8);
  const history = await world.until(cronOf(two).history());
  expect(history.find(({ id }) => id === run?.id)).toMatchObject({ state: "lost", endedMs: null });
  await world.until(second.stop());
});

test("the signal of a run fires when its lease is over, and its fence refuses writes then", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const cron = cronOf(client);
  await world.until(client.session.create("/result", ""));
  const { runs, stop } = takePart(client, cron, 60_000);
  await world.pass(1_500);
  const [run] = runs;
  if (run === undefined) throw new Error("it did not run");
  await world.until(client.session.set("/result", "1", { fence: run.fence }));
  await world.lapse(client);
  expect(run.signal.aborted).toBe(true);
  expect(() => run.assert()).toThrow("lost");
  world.heal(client);
  const refused = await world.until(rejection(client.session.set("/result", "2", { fence: run.fence })));
  expect((refused as FlotillaError).code).toBe("ERR_FLOTILLA_FENCED");
  void stop();
});

test("time zones and the change of the clocks are those of the library", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const cron = coord.cron("x", { schedule: "30 2 * * *", timeZone: "Europe/Berlin" });
  expect(cron.next(Date.parse("2026-01-10T00:00:00Z"))).toBe(Date.parse("2026-01-10T01:30:00Z"));
  expect(cron.next(Date.parse("2026-07-10T00:00:00Z"))).toBe(Date.parse("2026-07-10T00:30:00Z"));
  // There is no half past two on this day.
  expect(cron.next(Date.parse("2026-03-29T00:00:00Z"))).toBe(Date.parse("2026-03-29T01:30:00Z"));
  expect(coord.cron("x", { schedule: "0 0 30 2 *" }).next()).toBeNull();
});

test("what makes no sense is refused at once", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const refused = (options: Partial<CronOptions>): (() => Cron) => {
    return () => coord.cron("x", { schedule: everySecond, ...options });
  };
  expect(refused({ schedule: "often" })).toThrow("schedule");
  expect(refused({ timeZone: "No/Where" })).toThrow("No/Where");
  expect(refused({ graceMs: -1 })).toThrow("graceMs");
  expect(refused({ maxMissed: 0 })).toThrow("maxMissed");
  expect(refused({ keepRuns: 1_001 })).toThrow("keepRuns");
  expect(refused({ missed: "never" as "skip" })).toThrow("missed");
  expect(refused({ overlap: "never" as "skip" })).toThrow("overlap");
  expect(() => coord.cron("a/b", { schedule: everySecond })).toThrow("one path segment");
});

test("a job that is forgotten begins anew", async () => {
  const world = await World.start();
  const client = await world.client();
  const cron = cronOf(client);
  const first = takePart(client, cron);
  await world.pass(3_500);
  await world.until(first.stop());
  await world.until(cron.forget());
  expect(await world.until(cron.history())).toEqual([]);
  const second = takePart(client, cron);
  await world.pass(2_500);
  expect(second.runs[0]?.number).toBe(1);
  await world.until(second.stop());
});

test("a job that is forgotten at any moment of a tick ends nobody's part", async () => {
  const ends: unknown[] = [];
  for (let off = 0; off < 40; off += 1) {
    const world = await World.start(1, String(off));
    const [one, other] = await world.three();
    const participant = takePart(one, cronOf(one));
    await world.pass(1_500);
    await world.pass(1_000 - (one.session.clock.wallNow() % 1_000) - 10 + off / 2);
    const forgotten = cronOf(other).forget();
    // One that runs at this moment has it refused.
    await world.until(
      forgotten.catch((error: FlotillaError) => expect(error.code).toBe("ERR_FLOTILLA_HELD")),
    );
    const before = participant.runs.length;
    await world.pass(2_500);
    expect(participant.runs.length).toBeGreaterThan(before);
    await world.until(participant.stop().catch((error: unknown) => ends.push(error)));
  }
  expect(ends).toEqual([]);
});

test("places of a job that are missing are made anew", async () => {
  const world = await World.start();
  const client = await world.client();
  const cron = cronOf(client);
  const participant = takePart(client, cron);
  await world.pass(2_500);
  await world.until(client.session.delete(`${cron.path}/running`));
  await world.until(client.session.delete(`${cron.path}/runs`, { recursive: true }));
  const before = participant.runs.length;
  await world.pass(2_500);
  expectEverySecond(ticksOf(participant), before + 2);
  await world.until(participant.stop());
});

test("a job is not forgotten while it runs, by whichever session", async () => {
  const world = await World.start();
  const [one, other] = await world.three();
  await world.until(cronOf(one).forget());
  const participant = takePart(one, cronOf(one), 5_000);
  await world.pass(2_500);
  for (const client of [one, other])
    expect(await world.until(rejection(cronOf(client).forget()))).toMatchObject({
      code: "ERR_FLOTILLA_HELD",
    });
  expect(participant.runs.length).toBe(1);
  await world.until(participant.stop());
  await world.until(cronOf(one).forget());
  expect(await world.until(one.session.exists(cronOf(one).path))).toBeNull();
});

test("what has no place for runs is forgotten too", async () => {
  const world = await World.start();
  const client = await world.client();
  const cron = cronOf(client);
  await world.until(client.session.create("/cron"));
  await world.until(client.session.create(cron.path));
  await world.until(cron.forget());
  expect(await world.until(client.session.exists(cron.path))).toBeNull();
});

test("an error of onError ends the part after the run has, and leaves no run behind", async () => {
  const world = await World.start();
  const client = await world.client();
  const cron = cronOf(client);
  const running = cron.run(
    () => {
      throw new Error("not today");
    },
    {
      onError: (error) => {
        throw new Error(`heard: ${String(error)}`);
      },
    },
  );
  expect(await world.until(rejection(running))).toEqual(new Error("heard: Error: not today"));
  const page = await world.until(client.session.children(`${cron.path}/running`));
  expect(page?.names).toEqual([]);
  expect(await world.until(cron.history())).toMatchObject([{ state: "failed", error: "not today" }]);
});
