import { join } from "node:path";
import type { Coord } from "@flotilla/coord/client";
import { connect } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";

let folder: TemporaryFolder;
let server: CommandLine;
let address: string;
let a: Coord;
let b: Coord;

beforeAll(async () => {
  folder = await TemporaryFolder.create("cli-recipes");
  address = `127.0.0.1:${(await freePorts(1))[0]}`;
  const data = join(folder.path, "data");
  const flags = ["--id", "n1", "--data-dir", data, "--listen", address, "--bootstrap", `n1=${address}`];
  server = new CommandLine(["serve", ...flags]);
  await server.printed(/n1 of cluster flotilla listens on/);
  const options = { endpoints: [address], logger: silentLogger, connectTimeoutMs: 60_000 };
  [a, b] = await Promise.all([connect(options), connect(options)]);
}, 120_000);

afterAll(async () => {
  await a.close();
  await b.close();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
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
});
