import { getEventListeners } from "node:events";
import { FlotillaError } from "@flotilla/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulationError, testCluster } from "../src/index.ts";
import type { TestCluster } from "../src/index.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await testCluster({ seed: 7 });
});
afterEach(async () => {
  await cluster.close();
});

/** What it is refused with. */
async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return FlotillaError.is(error) ? error.code : error;
  }
  return "it was not refused";
}

describe("waiting", () => {
  test("code within run awaits as it would in reality", async () => {
    const [a, b] = [await cluster.client(), await cluster.client()];
    const seen = await cluster.run(async () => {
      await a.session.put("/x", "1");
      await cluster.advance(500);
      return b.session.get("/x");
    });
    expect(new TextDecoder().decode(seen?.value)).toBe("1");
  });

  test("several wait at once, each until its own is there", async () => {
    const { session } = await cluster.client();
    const order: string[] = [];
    const note = (what: string) => (): void => void order.push(what);
    await Promise.all([
      cluster.advance(2_000).then(note("late")),
      cluster.until(session.put("/x", "1")).then(note("write")),
      cluster.advance(1_000).then(note("early")),
    ]);
    expect(order).toEqual(["write", "early", "late"]);
  });

  test("nothing happens while nobody waits", async () => {
    const { nowMs } = cluster;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(cluster.nowMs).toBe(nowMs);
    await cluster.advance(10);
    expect(cluster.nowMs).toBe(nowMs + 10);
  });

  test("what does not come ends in virtual time, and names the seed", async () => {
    const started = cluster.nowMs;
    const error: unknown = await cluster
      .when(() => false, { withinMs: 3_000 })
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT", details: { seed: 7, withinMs: 3_000 } });
    expect(cluster.nowMs).toBe(started + 3_000);
    await cluster.advance(1);
  });

  test("a rejection of a wait is the caller's, one of nobody fails whoever waits", async () => {
    expect(await codeOf(() => cluster.until(Promise.reject(new TypeError("mine"))))).toBeInstanceOf(
      TypeError,
    );
    const forgotten = cluster.sleep(5).then(() => {
      throw new TypeError("nobody's");
    });
    await expect(cluster.advance(50)).rejects.toThrow(SimulationError);
    await expect(forgotten).rejects.toThrow("nobody's");
  });

  test("any number sleep with one signal, behind one listener of it: above ten, Node.js warns of a leak", async () => {
    const stop = new AbortController();
    const sleeps = Array.from({ length: 12 }, () => cluster.sleep(1_000, { signal: stop.signal }));
    const ended = Promise.allSettled([...sleeps, cluster.sleep(5, { signal: stop.signal })]);
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    await cluster.advance(10);
    stop.abort("enough");
    const ends = (await cluster.until(ended)).map(({ status }) => status);
    expect(ends).toEqual([...sleeps.map(() => "rejected"), "fulfilled"]);
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
  });

  test("sleeps end early by their signal, and late on a paused machine", async () => {
    const stop = new AbortController();
    const given = cluster.sleep(1_000, { signal: stop.signal });
    stop.abort("enough");
    await expect(cluster.until(given)).rejects.toBe("enough");
    await expect(cluster.until(cluster.sleep(5, { signal: stop.signal }))).rejects.toBe("enough");
    const coord = await cluster.client();
    const startedMs = cluster.nowMs;
    const slept = cluster.sleep(100, { on: coord }).then(() => cluster.nowMs - startedMs);
    cluster.pause(coord);
    await cluster.advance(700);
    cluster.resume(coord);
    expect(await cluster.until(slept)).toBeCloseTo(700);
  });
});

describe("faults", () => {
  test("the leader dies, another one leads, and the dead one comes back", async () => {
    const { session } = await cluster.client();
    const first = await cluster.leader();
    await cluster.until(session.put("/x", "1"));
    cluster.kill(first);
    expect(await codeOf(() => cluster.coord(first))).toBe("ERR_FLOTILLA_CLOSED");
    await cluster.until(session.put("/x", "2"));
    expect(await cluster.leader()).not.toBe(first);
    await cluster.restart(first);
    await cluster.until(cluster.coord(first).session.sync());
    const node = await cluster.until(cluster.coord(first).session.get("/x"));
    expect(new TextDecoder().decode(node?.value)).toBe("2");
  });

  test("a minority answers nothing until it is healed", async () => {
    const leader = await cluster.leader();
    const others = cluster.ids.filter((id) => id !== leader);
    const client = await cluster.client();
    cluster.partition([leader, client], others);
    const write = client.session.put("/x", "1", { timeoutMs: 1_000 });
    await expect(cluster.until(write)).rejects.toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
    cluster.heal();
    await cluster.until(client.session.put("/x", "2"));
  });

  test("links break, disks are slow, event loops stall, and a client survives it", async () => {
    const client = await cluster.client({ name: "worker" });
    for (const id of cluster.ids) cluster.reset(client, id);
    for (const id of cluster.ids) cluster.slowDisk(id, 40);
    const startedMs = cluster.nowMs;
    await cluster.until(client.session.put("/x", "1"));
    expect(cluster.nowMs - startedMs).toBeGreaterThan(40);
    cluster.stall("worker", 800);
    await cluster.until(client.session.put("/x", "2"));
    expect(cluster.nowMs - startedMs).toBeGreaterThan(800);
    cluster.isolate(client);
    await cluster.when(() => client.session.state === "suspended");
    cluster.heal();
    await cluster.when(() => client.session.state === "connected");
  });

  test("a killed client's name may be used again", async () => {
    const first = await cluster.client({ name: "worker" });
    expect(await codeOf(() => cluster.client({ name: "worker" }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    cluster.kill(first);
    const second = await cluster.client({ name: "worker" });
    await cluster.until(second.session.put("/x", "1"));
  });
});

test.each(["nowhere", "n4", ""])("%j is no machine here, and no member", async (name) => {
  for (const work of [
    () => cluster.kill(name),
    () => cluster.pause(name),
    () => cluster.partition([name], ["n1"]),
    () => cluster.restart(name),
    () => cluster.coord(name),
    () => cluster.sleep(1, { on: name }),
  ])
    expect(await codeOf(work)).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
});

test.each<unknown>([Number.NaN, Number.POSITIVE_INFINITY, -1, undefined])(
  "%s are no milliseconds, and virtual time stays what it is",
  async (given) => {
    const ms = given as number;
    const waits: (() => unknown)[] = [
      () => cluster.sleep(ms),
      () => cluster.sleep(ms, { on: "n1" }),
      () => cluster.advance(ms),
      () => cluster.stall("n1", ms),
      () => cluster.slowDisk("n1", ms),
    ];
    let begun = 0;
    const begin = async (): Promise<void> => void (begun += 1);
    const withins: (() => unknown)[] = [
      () => cluster.until(Promise.resolve(), { withinMs: ms }),
      () => cluster.run(begin, { withinMs: ms }),
      () => cluster.when(() => true, { withinMs: ms }),
      () => cluster.restart("n1", { withinMs: ms }),
    ];
    const node = cluster.coord(1);
    for (const wait of given === undefined ? waits : [...waits, ...withins])
      expect(await codeOf(wait)).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    expect([begun, cluster.coord(1) === node]).toEqual([0, true]);
    await cluster.run(() => cluster.coord(1).session.put("/a", "1"));
    expect(cluster.nowMs).not.toBeNaN();
  },
);

test("handles of another cluster are none of this one's", async () => {
  await using other = await testCluster({ nodes: 1 });
  const foreign = await other.client();
  expect(await codeOf(() => cluster.kill(foreign))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
});

test("a client has no machine of a member, and leaves its own when it cannot connect", async () => {
  cluster.kill("n1");
  expect(await codeOf(() => cluster.client({ name: "n1" }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  cluster.kill("n2");
  const options = { name: "late", connectTimeoutMs: 500 };
  expect(await codeOf(() => cluster.client(options))).toBe("ERR_FLOTILLA_NO_QUORUM");
  await cluster.restart("n1");
  await cluster.leader();
  await cluster.client(options);
});

test("the member that led is told, also when it falls in the moment it was seen to lead", async () => {
  await using alone = await testCluster({ nodes: 1 });
  let isUp = false;
  void alone.restart("n1").then(() => (isUp = true));
  const leading = alone.leader();
  const killing = alone.when(() => {
    const led = isUp && alone.coord(1).status().role === "leader";
    if (led) alone.kill("n1");
    return led;
  });
  expect(await leading).toBe("n1");
  await killing;
});

test("a member that is being started again does not lead, and has no handle yet", async () => {
  await using alone = await testCluster({ nodes: 1 });
  const before = alone.coord(1);
  const restarting = alone.restart("n1");
  expect(await codeOf(() => alone.coord(1))).toBe("ERR_FLOTILLA_CLOSED");
  expect(await alone.leader()).toBe("n1");
  expect(alone.coord(1)).not.toBe(before);
  await restarting;
});

test("options are judged before anything starts", async () => {
  for (const options of [{ nodes: 0 }, { nodes: 10 }, { nodes: 1.5 }, { seed: Number.NaN }])
    expect(await codeOf(() => testCluster(options))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  const unknown: (() => unknown)[] = [
    () => testCluster({ node: 1 } as never),
    () => cluster.leader({ within: 1 } as never),
    () => cluster.sleep(1, { at: "n1" } as never),
    () => cluster.kill("n1", { powerOf: true } as never),
  ];
  for (const call of unknown) expect(await codeOf(call)).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  const member = { heartbeatMs: -1 };
  expect(await codeOf(() => testCluster({ member }))).toBe("ERR_FLOTILLA_BAD_CONFIG");
});

test("once it is closed, everything is refused and whoever waited is told", async () => {
  const { session } = await cluster.client();
  const waiting = cluster.advance(60_000);
  await cluster[Symbol.asyncDispose]();
  expect(await codeOf(() => waiting)).toBe("ERR_FLOTILLA_CLOSED");
  for (const work of [
    () => cluster.client(),
    () => cluster.coord(1),
    () => cluster.kill("n1"),
    () => cluster.heal(),
    () => cluster.until(session.put("/x", "1")),
    () => cluster.sleep(1),
    () => cluster.when(() => true),
  ])
    expect(await codeOf(work)).toBe("ERR_FLOTILLA_CLOSED");
  let ran = false;
  const work = async (): Promise<void> => {
    ran = true;
    throw new Error("nobody hears of it");
  };
  expect(await codeOf(() => cluster.run(work))).toBe("ERR_FLOTILLA_CLOSED");
  expect(ran).toBe(false);
  expect(await codeOf(() => cluster.until(work()))).toBe("ERR_FLOTILLA_CLOSED");
  await cluster[Symbol.asyncDispose]();
});

/** Something long enough to tell two runs apart. */
async function story(seed: number): Promise<string> {
  const lines: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void lines.push(`${String(fields["atMs"])} ${String(fields["machine"])} ${message}`);
  const logger = { debug: note, info: note, warn: note, error: note };
  await using world = await testCluster({ seed, logger });
  const client = await world.client();
  world.kill(await world.leader());
  const { revision } = await world.until(client.session.put("/x", "1"));
  lines.push(`${world.nowMs} ${revision} ${client.session.id}`);
  return lines.join("\n");
}

test("a seed happens the same way each time, and another one differently", async () => {
  const first = await story(3);
  expect(first).toContain("n1");
  expect(await story(3)).toBe(first);
  expect(await story(4)).not.toBe(first);
});
