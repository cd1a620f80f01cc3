import { once } from "node:events";
import type { Coord, StandardSchema } from "@flotilla/coord/client";
import { connect, functionDriver } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flotilla } from "../support/command-line.ts";
import { LoneServer } from "../support/lone-server.ts";
import { until } from "../../jepsen/src/processes/until.ts";

function tickOf(tickMs = 0): string {
  return new Date(tickMs).toISOString();
}

let server: LoneServer;
let address: string;
let a: Coord;
let b: Coord;

beforeAll(async () => {
  server = await LoneServer.start("cli-recipes");
  address = server.address;
  const options = { endpoints: [address], logger: silentLogger, connectTimeoutMs: 60_000 };
  [a, b] = await Promise.all([connect(options), connect(options)]);
}, 120_000);

afterAll(async () => {
  await a.close();
  await b.close();
  await server[Symbol.asyncDispose]();
});

async function run(...args: string[]): Promise<string> {
  const ran = await flotilla([...args, "--endpoints", address, "--timeout", "30s"]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  return ran.stdout;
}

async function comes(isThere: () => Promise<boolean>): Promise<void> {
  const witness = { hopeless: () => false, diagnose: () => "" };
  await until("somebody in line", async () => (await isThere()) || undefined, witness);
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await run(...args, "--json")) as Record<string, unknown>;
}

/** Of the workers of a keeper. */
async function running(name: string): Promise<number> {
  const { slots } = await b.keeper(name).status();
  return slots.filter(({ state }) => state === "running").length;
}

describe("what recipes hold", { timeout: 240_000 }, () => {
  test("locks, permits and who waits for them", async () => {
    const held = await a.lock("deploy", { id: "ann", value: "release 42" }).acquire();
    const permit = await a.semaphore("uploads", { permits: 2, id: "ann" }).acquire({ permits: 2 });
    const stop = new AbortController();
    const waiting = b.lock("deploy", { id: "bob" }).acquire({ signal: stop.signal });
    await comes(async () => (await a.lock("deploy").inspect()).waiters.length === 1);
    const { locks } = await json("locks");
    expect(locks).toEqual([
      {
        kind: "lock",
        name: "deploy",
        holders: [expect.objectContaining({ id: "ann", value: "release 42", epoch: held.epoch })],
        waiters: [expect.objectContaining({ id: "bob" })],
      },
      {
        kind: "semaphore",
        name: "uploads",
        holders: [expect.objectContaining({ id: "ann", permits: 2, epoch: permit.epoch })],
        waiters: [],
      },
    ]);
    expect(await run("locks")).toMatch(new RegExp(`^lock +deploy +ann +${held.epoch} +1$`, "m"));
    expect(await run("locks", "deploy")).toMatch(
      /^lock +ann +release 42 +1 +\d+ +20.*\nlock +bob +1 +- +-$/m,
    );
    stop.abort();
    await waiting.catch(() => {});
    await held.release();
    await permit.release();
    const none = await flotilla(["locks", "nothing", "--endpoints", address, "--timeout", "30s"]);
    expect(none).toMatchObject({ code: 6 });
  });

  test("elections, and a leader that an operator has give up", async () => {
    const leadership = await a.election("boss", { id: "ann", value: "here" }).campaign();
    const next = b.election("boss", { id: "bob" }).campaign();
    await comes(async () => (await a.election("boss").candidates()).length === 2);
    expect(await json("elections", "ls")).toMatchObject({
      elections: [
        {
          name: "boss",
          leader: { id: "ann", epoch: leadership.epoch, value: "here" },
          candidates: [{ id: "ann" }, { id: "bob" }],
        },
      ],
    });
    expect(await run("elections", "ls")).toMatch(
      new RegExp(`^boss +ann +${leadership.epoch} +20\\S+ +1$`, "m"),
    );
    expect(await run("elections", "ls", "boss")).toMatch(/^ann +here +0 +\d+ +20\S+\nbob +0 +- +-$/m);
    expect(await json("elections", "evict", "boss", "--yes")).toEqual({ name: "boss", evicted: "ann" });
    expect(leadership.signal.aborted).toBe(true);
    const successor = await next;
    expect(successor.epoch).toBeGreaterThan(leadership.epoch);
    await successor.release();
    expect(await run("elections", "evict", "boss", "--yes")).toBe("nobody led boss\n");
    const none = await flotilla(["elections", "ls", "nothing", "--endpoints", address, "--timeout", "30s"]);
    expect(none).toMatchObject({ code: 6 });
  });

  test("services and how their instances are", async () => {
    const traits = { tags: ["v2"], zone: "north" };
    const one = await a.registry.register({
      name: "api",
      address: "10.0.0.1",
      port: 80,
      id: "one",
      ...traits,
    });
    const two = await b.registry.register({ name: "api", address: "10.0.0.2", id: "two" });
    await two.maintain();
    expect(await json("services")).toMatchObject({
      services: [
        {
          name: "api",
          instances: [
            { id: "one", address: "10.0.0.1", port: 80, state: "passing", ...traits },
            { id: "two", state: "maintenance" },
          ],
        },
      ],
    });
    expect(await run("services")).toMatch(/^api +2 +1 passing, 1 maintenance$/m);
    expect(await run("services", "api")).toMatch(
      /^one +10\.0\.0\.1:80 +passing +north +v2\ntwo +10\.0\.0\.2 +maintenance +- +-$/m,
    );
    await Promise.all([one.deregister(), two.deregister()]);
    const none = await flotilla(["services", "nothing", "--endpoints", address, "--timeout", "30s"]);
    expect(none).toMatchObject({ code: 6 });
  });

  test("groups, queues and shards, and who takes part in them", async () => {
    await using membership = await a.group("room").join({ role: "cook" }, { id: "ann" });
    expect(await json("groups", "ls")).toMatchObject({
      groups: [{ name: "room", members: [{ id: "ann", joined: membership.member.joined }] }],
    });
    expect(await run("groups", "ls")).toMatch(/^room +1$/m);
    expect(await run("groups", "ls", "room")).toMatch(/^ann +\d+ +20\S+ +role=cook$/m);

    await a.queue("mails").put(new Uint8Array([1]));
    expect(await json("queues", "ls")).toMatchObject({ queues: [{ name: "mails", size: 1, dead: 0 }] });
    expect(await run("queues", "ls")).toMatch(/^mails +1 +0 +0 +-$/m);
    const item = await b.queue("mails").take();
    expect(await run("queues", "ls", "mails")).toMatch(new RegExp(`^${b.session.id}-\\d+ +1$`, "m"));
    await item.bury();
    expect(await json("queues", "dead", "mails")).toMatchObject({
      name: "mails",
      letters: [{ id: item.id, encoding: "utf8" }],
    });
    expect(await run("queues", "dead", "mails")).toMatch(new RegExp(`^${item.id} +20\\S+ +\\S+$`, "m"));
    expect(await run("queues", "requeue", "mails", item.id)).toBe(`${item.id} is in mails again\n`);
    const gone = await flotilla(["queues", "requeue", "mails", item.id, "--endpoints", address]);
    expect(gone).toMatchObject({ code: 6, stdout: "" });
    await (await b.queue("mails").take()).ack();

    const stop = new AbortController();
    const owning = a.shards("orders", { count: 3, id: "ann" }).run(() => {}, { signal: stop.signal });
    await comes(async () => (await b.shards("orders", { count: 3 }).map()).size === 3);
    expect(await json("shards", "ls", "orders")).toMatchObject({
      shards: [{ name: "orders", owned: [0, 1, 2].map((shard) => ({ shard, id: "ann" })) }],
    });
    expect(await run("shards", "ls")).toMatch(/^orders +3 +1$/m);
    expect(await run("shards", "ls", "orders")).toMatch(/^0 +ann +\d+\n1 +ann +\d+\n2 +ann +\d+$/m);
    stop.abort();
    await owning;
  });

  test("workers that are kept, and how many an operator wants", async () => {
    const driver = functionDriver(async ({ draining }) => {
      await once(draining, "abort");
    });
    const stop = new AbortController();
    const keeping = a.keeper("crawlers", { replicas: 1, id: "ann", driver }).run({ signal: stop.signal });
    await comes(async () => (await running("crawlers")) === 1);
    expect(await run("keeper", "ls")).toMatch(/^crawlers +1 +1 +0$/m);
    expect(await run("keeper", "scale", "crawlers", "2")).toBe("crawlers has 2 workers\n");
    await comes(async () => (await running("crawlers")) === 2);
    expect(await json("keeper", "status", "crawlers")).toMatchObject({
      keepers: [{ name: "crawlers", replicas: 2, slots: [{ index: 0 }, { index: 1, state: "running" }] }],
    });
    expect(await run("keeper", "status", "crawlers")).toMatch(/^1 +running +ann +\d+ +0 +-$/m);
    expect(await json("keeper", "scale", "crawlers", "auto")).toEqual({ name: "crawlers", replicas: null });
    await comes(async () => (await running("crawlers")) === 1);
    const wrong = await flotilla(["keeper", "scale", "crawlers", "many", "--endpoints", address]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    stop.abort();
    await keeping;
    const none = await flotilla(["keeper", "status", "nothing", "--endpoints", address, "--timeout", "30s"]);
    expect(none).toMatchObject({ code: 6 });
  });

  test("jobs and what became of their ticks", async () => {
    const stop = new AbortController();
    const cron = a.cron("report", { schedule: "* * * * * *" });
    await cron.run(() => stop.abort(), { signal: stop.signal });
    // On a busy machine a second tick may have been taken up by then.
    const runs = await cron.history();
    const [latest, first] = [runs[0], runs.at(-1)];
    const by = a.session.id;
    expect(await json("cron", "ls")).toEqual({ jobs: [{ name: "report", runs: [latest] }] });
    expect(await run("cron", "ls")).toMatch(
      new RegExp(`^report +${latest?.number} +${tickOf(latest?.tickMs)} +${latest?.state} +${by}$`, "m"),
    );
    expect(await run("cron", "history", "report")).toMatch(
      new RegExp(`^1 +${tickOf(first?.tickMs)} +done +${by} +20\\S+ +20\\S+$`, "m"),
    );
  });

  test("configurations, and an earlier version that an operator brings back", async () => {
    const schema: StandardSchema<{ rate: number }, { rate: number }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => ({ value: value as { rate: number } }),
      },
    };
    const config = a.config("limits", { schema, by: "ann" });
    await config.set({ rate: 1 }, { note: "to begin with" });
    await config.set({ rate: 2 });
    expect(await run("config", "ls")).toMatch(/^limits +2 +ann +20\S+$/m);
    expect(JSON.parse(await run("config", "get", "limits"))).toEqual({ rate: 2 });
    expect(await run("config", "diff", "limits", "1", "2")).toMatch(/^\/rate +changed +1 +2$/m);
    expect(await run("config", "rollback", "limits", "1", "--note", "too fast", "--yes")).toBe(
      "limits is at version 3, as version 1 was\n",
    );
    expect(await config.get()).toMatchObject({ version: 3, value: { rate: 1 }, restored: 1 });
    expect(await run("config", "history", "limits")).toMatch(
      /^3 +operator +20\S+ +version 1 again too fast\n2 +ann +20\S+\n1 +ann +20\S+ +to begin with$/m,
    );
    expect(await run("config", "set", "limits", '{"rate":3}', "--if-version", "3")).toBe(
      "limits is at version 4\n",
    );
    for (const [value, version, code] of [
      ['{"rate":4}', "3", 5],
      ["{rate", "4", 2],
    ] as const) {
      const flags = ["--if-version", version, "--endpoints", address];
      expect(await flotilla(["config", "set", "limits", value, ...flags])).toMatchObject({
        code,
        stdout: "",
      });
    }
    expect(await config.get()).toMatchObject({ version: 4, value: { rate: 3 } });
    const ran = await flotilla(["config", "rollback", "limits", "9", "--yes", "--endpoints", address]);
    expect(ran).toMatchObject({ code: 6, stdout: "" });
    await a.session.create("/config/stray", "no config");
    expect(await run("config", "ls")).toMatch(/^limits +4 +operator +20\S+\nstray$/m);
  });
});
