import { afterEach, describe, expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import type { KeptWorker } from "../../src/recipes/keeper/api.ts";
import { type Client, isPending, World } from "./world.ts";

const ignore = (): void => {};
const none = { rate: { hard: 0 } } as const;

/** What goes on until it is stopped, and what it has done. */
interface Going {
  /** Its budget. */
  readonly path: string;
  readonly begin: (client: Client, signal: AbortSignal, done: (what: string) => void) => Promise<void>;
}

const nobody = (): Promise<never> => Promise.reject(new Error("nobody"));

const over = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });

const goings: Readonly<Record<string, Going>> = {
  "an election": {
    path: "/election",
    begin: ({ coord, machine }, signal, done) =>
      coord.election("x").run(
        (leadership) => {
          done(machine);
          return over(leadership.signal);
        },
        { signal },
      ),
  },
  shards: {
    path: "/shards",
    begin: ({ coord, machine }, signal, done) =>
      coord.shards("x", { count: 1 }).run(
        (shard) => {
          done(machine);
          return over(shard.draining);
        },
        { signal },
      ),
  },
  "a keeper": {
    path: "/keeper",
    begin: ({ coord, machine }, signal, done) => {
      const driver = (): KeptWorker => {
        done(machine);
        let end: (how: string) => void = ignore;
        const ended = new Promise<string>((resolve) => {
          end = resolve;
        });
        return { ended, stop: () => end("stopped"), kill: () => end("killed") };
      };
      return coord.keeper("x", { driver }).run({ signal });
    },
  },
  "a job": {
    path: "/cron",
    begin: ({ coord, machine }, signal, done) =>
      coord.cron("x", { schedule: "* * * * * *" }).run(() => done(machine), { signal }),
  },
  "a consumer": {
    path: "/queue",
    begin: ({ coord, machine }, signal, done) =>
      coord.queue("x", { codec: textCodec() }).consume(() => done(machine), { signal }),
  },
};

describe.each(Object.entries(goings))("%s", (name, { path, begin }) => {
  const stop = new AbortController();
  afterEach(() => stop.abort());

  test("goes on while a budget has no room for what it writes, and takes part once there is some", async () => {
    const world = await World.start();
    const [one, two, operator] = await world.three({ sessionTtlMs: 60_000 });
    const { session } = operator;
    const done: string[] = [];
    const run = (client: Client, signal: AbortSignal): Promise<unknown> =>
      begin(client, signal, (what) => done.push(what)).then(
        () => "ended",
        (error: unknown) => error,
      );
    const put = async (): Promise<void> => {
      if (name === "a consumer")
        await world.until(operator.coord.queue("x", { codec: textCodec() }).put("a"));
    };
    await world.until(session.create(path, ""));
    await world.until(session.setBudget(path, none));
    const first = new AbortController();
    const runs = [run(one, first.signal)];
    await world.pass(3_000);
    expect([await isPending(runs[0] ?? Promise.resolve()), done]).toEqual([true, []]);
    await world.until(session.setBudget(path, null));
    await put();
    await world.pass(3_000);
    expect(done).toContain(one.machine);
    runs.push(run(two, stop.signal));
    await world.pass(1_000);
    await world.until(session.setBudget(path, none));
    first.abort();
    expect(await world.until(runs[0] ?? Promise.resolve())).toBe("ended");
    await world.pass(3_000);
    expect(await isPending(runs[1] ?? Promise.resolve())).toBe(true);
    done.length = 0;
    await world.until(session.setBudget(path, null));
    await put();
    await world.pass(3_000);
    expect(done).toContain(two.machine);
    expect(await isPending(runs[1] ?? Promise.resolve())).toBe(true);
  });
});

test("a run of a job is over although there is no room to tell how it ended", async () => {
  const world = await World.start();
  const [worker, operator] = await world.three({ sessionTtlMs: 60_000 });
  const cron = worker.coord.cron("x", { schedule: "*/5 * * * * *" });
  const begun: number[] = [];
  void cron.run(async ({ number }) => {
    begun.push(number);
    await new Promise<void>((resolve) => void worker.session.clock.setTimer(2_000, resolve));
  });
  while (begun.length === 0) await world.pass(100);
  await world.until(operator.session.setBudget("/cron", none));
  await world.pass(2_500);
  await world.until(operator.session.setBudget("/cron", null));
  await world.pass(10_000);
  expect(begun.length).toBeGreaterThanOrEqual(3);
});

test("a candidate whose node cannot be watched for now does not campaign without a pause", async () => {
  const world = await World.start();
  const [one, operator] = await world.three();
  await world.until(operator.session.setBudget("/election", { watches: { hard: 0 } }));
  let led = 0;
  const stop = new AbortController();
  const run = one.coord.election("x").run(
    ({ signal }) => {
      led += 1;
      return over(signal);
    },
    { signal: stop.signal },
  );
  await world.pass(1_000);
  const before = await world.until(operator.session.status());
  await world.pass(2_000);
  const after = await world.until(operator.session.status());
  expect(after.applied - before.applied).toBeLessThan(40);
  await world.until(operator.session.setBudget("/election", null));
  await world.pass(1_000);
  led = 0;
  await world.pass(3_000);
  expect([led, await isPending(run)]).toEqual([0, true]);
  expect(await world.until(operator.coord.election("x").leader())).not.toBeNull();
  stop.abort();
  await world.until(run);
});

test("a leader that had no room for a watch when it was elected is asked to give up as any other", async () => {
  const world = await World.start();
  const [one, two, operator] = await world.three();
  const [first, second] = await world.line([one, two]);
  const held = await world.until(first ?? nobody());
  await world.pass(500);
  await world.until(operator.session.setBudget("/election", { watches: { hard: 0 } }));
  await world.until(held.release());
  const leadership = await world.until(second ?? nobody());
  await world.pass(1_000);
  await world.until(operator.session.setBudget("/election", null));
  await world.pass(1_000);
  expect(leadership.signal.aborted).toBe(false);
  expect(await world.until(operator.coord.election("x").evict({ timeoutMs: 1_000 }))).toBe(two.machine);
  expect(leadership.signal.aborted).toBe(true);
});

test("a leader that is asked to give up is asked no more once it has, although its end could not be watched", async () => {
  const world = await World.start();
  const [one, operator] = await world.three({ sessionTtlMs: 60_000 });
  const [held] = await world.line([one]);
  const leadership = await world.until(held ?? nobody());
  await world.pass(500);
  await world.until(operator.session.setBudget("/election", { watches: { hard: 0 } }));
  const refused = { code: "ERR_FLOTILLA_QUOTA" };
  await expect(world.until(operator.coord.election("x").evict())).rejects.toMatchObject(refused);
  await world.pass(1_000);
  expect(leadership.signal.aborted).toBe(true);
  await world.until(operator.session.setBudget("/election", null));
  await world.pass(1_000);
  expect((await world.until(operator.session.children("/election/x/asked")))?.names ?? []).toEqual([]);
});

test("several locks are not taken and lost without a pause while their nodes cannot be watched", async () => {
  const world = await World.start();
  const [{ coord }, operator] = await world.three();
  await world.until(operator.session.setBudget("/lock", { watches: { hard: 0 } }));
  const set = coord.lockSet([coord.lock("a"), coord.lock("b"), coord.lock("c")]);
  const acquiring = set.acquire();
  await world.pass(1_000);
  const before = await world.until(operator.session.status());
  await world.pass(2_000);
  const after = await world.until(operator.session.status());
  expect(after.applied - before.applied).toBeLessThan(100);
  expect(await isPending(acquiring)).toBe(true);
  await world.until(operator.session.setBudget("/lock", null));
  const held = await world.until(acquiring);
  await world.pass(1_000);
  expect(held.signal.aborted).toBe(false);
});

test("a leader of a team that has no room to follow the workers leads once it has", async () => {
  const world = await World.start();
  const [one, operator] = await world.three();
  await world.until(operator.session.setBudget("/registry", { watches: { hard: 0 } }));
  const stop = new AbortController();
  let led = 0;
  const lead = ({ signal }: { signal: AbortSignal }): Promise<void> => {
    led += 1;
    return over(signal);
  };
  const run = one.coord.team("x", { address: "a" }).run({ lead }, { signal: stop.signal });
  await world.pass(2_000);
  expect([await isPending(run), led]).toEqual([true, 0]);
  await world.until(operator.session.setBudget("/registry", null));
  await world.pass(1_000);
  expect(led).toBe(1);
  stop.abort();
  await world.until(run);
});

test("who has no room to take part rests between tries, whatever else changes meanwhile", async () => {
  const world = await World.start();
  const [one, two, operator] = await world.three({ sessionTtlMs: 60_000 });
  const { session } = operator;
  const stop = new AbortController();
  const begin = ({ coord }: Client): Promise<void> =>
    coord.shards("x", { count: 1 }).run((shard) => over(shard.draining), { signal: stop.signal });
  const runs = [begin(one)];
  await world.pass(2_000);
  await world.until(session.setBudget("/shards/x/participants", { nodes: { hard: 1 } }));
  runs.push(begin(two));
  await world.pass(2_000);
  for (let change = 0; change < 20; change += 1) {
    await world.until(session.put("/shards/x/note", String(change)));
    await world.pass(13);
  }
  await world.pass(1_000);
  const before = await world.until(session.status());
  await world.pass(2_000);
  const after = await world.until(session.status());
  expect(after.applied - before.applied).toBeLessThan(10);
  await world.until(session.setBudget("/shards/x/participants", null));
  await world.pass(1_000);
  expect((await world.until(session.children("/shards/x/participants")))?.names.length).toBe(2);
  stop.abort();
  await world.until(Promise.all(runs));
});

test("what there was no room to tell of a slot is told once there is", async () => {
  const world = await World.start();
  const [one, operator] = await world.three();
  let end: (how: string) => void = ignore;
  const driver = (): KeptWorker => {
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    return { ended, stop: () => end("stopped"), kill: () => end("killed") };
  };
  const keeper = one.coord.keeper("x", { driver });
  const stop = new AbortController();
  const run = keeper.run({ signal: stop.signal });
  await world.pass(1_000);
  const slot = async (): Promise<unknown> => (await world.until(keeper.status())).slots[0];
  expect(await slot()).toMatchObject({ state: "running", restarts: 0 });
  await world.until(operator.session.setBudget("/keeper", none));
  for (const how of ["first", "second"]) {
    end(how);
    await world.pass(1_000);
  }
  expect(await slot()).toMatchObject({ restarts: 0 });
  await world.until(operator.session.setBudget("/keeper", null));
  await world.pass(1_000);
  expect(await slot()).toMatchObject({ state: "running", restarts: 2, lastEnd: "second" });
  stop.abort();
  await world.until(run);
});
