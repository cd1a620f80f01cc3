import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { permissions } from "@flotilla/kv";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { text } from "../../src/client/values.ts";
import { start } from "../../src/server/start.ts";
import type { StartOptions } from "../../src/server/api.ts";
import { Cluster } from "./cluster.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "fulfilled";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

/** Iterates while the world goes on. */
function untilIn<T>(cluster: Cluster, source: AsyncIterable<T>): AsyncIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  return { next: () => cluster.until(iterator.next()) };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("one simulated member", () => {
  test("writes, loses power, starts again and reads what it acknowledged", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const { session } = cluster.node("n1");
    await cluster.until(session.put("/a", "1"));
    await cluster.until(session.put("/a", "2"));
    cluster.kernel.node("n1").crash();
    await cluster.start();
    const node = await cluster.until(cluster.node("n1").session.get("/a"));
    expect(text(node?.value ?? new Uint8Array())).toBe("2");
    expect(cluster.node("n1").status()).toMatchObject({ id: "n1", role: "leader", leader: "n1", nodes: 2 });
  });

  test("reads from its snapshot and log after a restart", async () => {
    const cluster = new Cluster(1, { snapshotEntries: 10, trailingEntries: 2 });
    await cluster.start();
    for (let k = 0; k < 35; k += 1) await cluster.until(cluster.node("n1").session.put(`/k${k}`, String(k)));
    await cluster.pass(1_000);
    expect(cluster.node("n1").status().snapshotIndex).toBeGreaterThan(0);
    cluster.kernel.node("n1").crash();
    await cluster.start();
    const page = await cluster.until(cluster.node("n1").session.children("/"));
    expect(page?.names.length).toBe(35);
  });

  test("closes in order and says so", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const node = cluster.node("n1");
    await cluster.until(node.session.put("/a", "1"));
    await cluster.until(node.close());
    expect(await node.closed).toEqual({ type: "closed" });
    expect(node.session.state).toBe("closed");
    cluster.kernel.node("n1").stop();
    await cluster.start();
    await cluster.until(cluster.node("n1").session.sync());
    expect(cluster.node("n1").status().sessions).toBe(1);
  });

  test("stops with the reason when its disk fails, and ends its sessions", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const node = cluster.node("n1");
    const remote = await cluster.client();
    await cluster.until(node.session.put("/a", "1"));
    cluster.kernel.node("n1").disk.failNext("sync");
    const write = codeOf(node.session.put("/a", "2"));
    const reason = await cluster.until(node.closed);
    expect(reason).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_STORAGE" } });
    expect(node.session.state).toBe("closed");
    expect(node.session.signal.aborted).toBe(true);
    expect(await cluster.until(write)).not.toBe("fulfilled");
    await cluster.pass(100);
    expect(remote.server).toBeNull();
  });

  test("closes in bounded time when it never had a majority", async () => {
    const cluster = new Cluster(3);
    await cluster.start(["n1"]);
    await cluster.pass(3_000);
    const before = cluster.kernel.nowMs;
    await cluster.until(cluster.node("n1").close());
    expect(cluster.kernel.nowMs - before).toBeLessThan(5_000);
  });

  test("is known by the credentials it was started with, as are its further sessions", async () => {
    const cluster = new Cluster(1, { auth: [{ user: "ann", password: "secret" }] });
    await cluster.start();
    const node = cluster.node("n1");
    const acl = [{ scheme: "auth", id: "", permissions: permissions.all }] as const;
    await cluster.until(node.session.create("/a", "1", { acl }));
    const { session } = await cluster.until(node.connect());
    expect(await cluster.until(session.get("/a"))).not.toBeNull();
    const stranger = await cluster.client();
    expect(await cluster.until(codeOf(stranger.get("/a")))).toBe("ERR_FLOTILLA_NO_AUTH");
    const other = await cluster.until(node.connect({ auth: [{ user: "bob", password: "secret" }] }));
    expect(await cluster.until(codeOf(other.session.get("/a")))).toBe("ERR_FLOTILLA_NO_AUTH");
  });

  test.each([
    ["bytes", new TextEncoder().encode("s3cret")],
    ["a buffer", Buffer.from("s3cret")],
  ])("and its clients keep a secret of their own of what they were given as %s", async (_, secret) => {
    const cluster = new Cluster(1, { secret });
    await cluster.start();
    const host = cluster.kernel.node("client").start();
    const { session } = await cluster.until(connect({ host, endpoints: [cluster.address("n1")], secret }));
    secret.fill(0);
    await cluster.until(session.sync());
    cluster.kernel.network.cutBoth("n1", "client");
    await cluster.pass(5_000);
    cluster.kernel.network.healAll();
    await cluster.until(session.sync());
    const late = connect({ host, endpoints: [cluster.address("n1")], secret: "s3cret" });
    await cluster.until(late);
  });

  test("opens further sessions", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const node = cluster.node("n1");
    const coord = await cluster.until(node.connect({ sessionTtlMs: 2_000 }));
    await cluster.until(coord.session.create("/e", "", { ephemeral: true }));
    await cluster.until(coord.close());
    expect(await cluster.until(node.session.exists("/e"))).toBeNull();
    expect(await codeOf(node.connect(JSON.parse("null")))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  });
});

describe("a further session at a member that ends", () => {
  test("is refused at once", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const node = cluster.node("n1");
    await cluster.until(node.session.put("/a", "1"));
    const again: Promise<string>[] = [];
    // What hears of the end of the own session runs amid the close.
    node.session.signal.addEventListener("abort", () => again.push(codeOf(node.connect())));
    const closing = node.close();
    again.push(codeOf(node.connect()), codeOf(node.connect({ timeoutMs: Number.POSITIVE_INFINITY })));
    await cluster.until(closing);
    again.push(codeOf(node.connect()));
    const before = cluster.kernel.nowMs;
    expect(await cluster.until(Promise.all(again))).toEqual(Array(4).fill("ERR_FLOTILLA_CLOSED"));
    expect(cluster.kernel.nowMs - before).toBeLessThan(100);
  });

  test("is refused once its disk has failed", async () => {
    const cluster = new Cluster(1);
    await cluster.start();
    const node = cluster.node("n1");
    cluster.kernel.node("n1").disk.failNext("sync");
    node.session.put("/a", "1").catch(() => {});
    await cluster.until(node.closed);
    expect(await codeOf(node.connect())).toBe("ERR_FLOTILLA_CLOSED");
  });
});

describe("three simulated members", () => {
  test("have a new leader before the one that closes in order is gone", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    await cluster.pass(2_000);
    const leader = await cluster.leader();
    const rest = cluster.ids.filter((id) => id !== leader);
    const client = await cluster.client({ to: rest });
    await cluster.until(client.put("/a", "before"));
    const { term } = cluster.node(leader).status();
    await cluster.until(cluster.node(leader).close());
    const leaders = rest.map((id) => cluster.node(id).status().leader);
    expect(rest).toContain(leaders[0]);
    expect(new Set(leaders).size).toBe(1);
    expect(cluster.node(rest[0] ?? "").status().term).toBe(term + 1);
    const askedMs = cluster.kernel.nowMs;
    await cluster.until(client.put("/a", "after"));
    expect(cluster.kernel.nowMs - askedMs).toBeLessThan(100);
  });

  test("a leader without a quorum closes all the same", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    await cluster.pass(2_000);
    const leader = await cluster.leader();
    for (const id of cluster.ids) if (id !== leader) cluster.kernel.node(id).crash({ powerOff: true });
    await cluster.until(cluster.node(leader).close());
    expect(await cluster.node(leader).closed).toEqual({ type: "closed" });
  });

  test("serve a client at any of them, over the death of the leader", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const client = await cluster.client();
    await cluster.until(client.put("/a", "before"));
    const leader = await cluster.leader();
    cluster.kernel.node(leader).crash();
    await cluster.until(client.put("/a", "after"));
    const rest = cluster.ids.filter((id) => id !== leader);
    for (const id of rest) {
      const node = await cluster.until(cluster.node(id).session.get("/a"));
      expect(text(node?.value ?? new Uint8Array())).toBe("after");
    }
    expect(client.state).toBe("connected");
    await cluster.start([leader]);
    await cluster.pass(5_000);
    const statuses = cluster.ids.map((id) => cluster.node(id).status());
    expect(new Set(statuses.map((status) => status.applied)).size).toBe(1);
    expect(new Set(statuses.map((status) => status.digest)).size).toBe(1);
  });

  test("tell watchers everywhere, in order, over the death of their server", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const watcher = await cluster.client();
    const writer = await cluster.client();
    const watch = await cluster.until(watcher.watch("/", { kind: "recursive" }));
    const seen: string[] = [];
    const reading = (async (): Promise<void> => {
      for await (const event of watch) {
        if (event.type === "snapshot") throw new Error("no gap expected");
        seen.push(text(event.node?.value ?? new Uint8Array()));
        if (seen.length === 20) return;
      }
    })();
    for (let k = 0; k < 20; k += 1) {
      if (k === 10) cluster.kernel.node(watcher.server ?? "").crash();
      await cluster.until(writer.put("/a", String(k)));
    }
    await cluster.until(reading);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, k) => String(k)));
  });

  test("keep an idle session for as long as it renews, and end one whose client died after its TTL", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const stays = await cluster.client({ sessionTtlMs: 1_500 });
    const dies = await cluster.client({ sessionTtlMs: 1_500 });
    await cluster.until(stays.create("/stays", "", { ephemeral: true }));
    await cluster.until(dies.create("/dies", "", { ephemeral: true }));
    await cluster.pass(20_000);
    expect(await cluster.until(stays.children("/"))).toMatchObject({ names: ["dies", "stays"] });
    const machine = cluster.kernel.nodes().at(-1);
    machine?.crash({ powerOff: true });
    await cluster.pass(1_000);
    expect(await cluster.until(stays.children("/"))).toMatchObject({ names: ["dies", "stays"] });
    await cluster.pass(1_000);
    expect(await cluster.until(stays.children("/"))).toMatchObject({ names: ["stays"] });
    expect(stays.state).toBe("connected");
  });

  test("bring back one that missed everything by a snapshot, and serve watches there", async () => {
    const cluster = new Cluster(3, { snapshotEntries: 20, trailingEntries: 5 });
    await cluster.start();
    await cluster.leader();
    const behind = cluster.ids.find((id) => cluster.node(id).status().role !== "leader") ?? "";
    cluster.kernel.node(behind).crash();
    const rest = cluster.ids.filter((id) => id !== behind);
    const client = await cluster.client({ to: rest });
    for (let k = 0; k < 100; k += 1) await cluster.until(client.put(`/k${k}`, String(k)));
    await cluster.start([behind]);
    const watch = await cluster.until(cluster.node(behind).session.watch("/", { kind: "children" }));
    await cluster.pass(5_000);
    const page = await cluster.until(cluster.node(behind).session.children("/", { level: "local" }));
    expect(page?.names.length).toBe(100);
    expect(cluster.node(behind).status().digest).toBe(cluster.node(rest[0] ?? "").status().digest);
    await cluster.until(client.put("/last", ""));
    for await (const event of { [Symbol.asyncIterator]: () => untilIn(cluster, watch) }) {
      if (event.type !== "snapshot" && event.path === "/last") break;
    }
  });

  test("answer nothing linearizable without a majority, and go on by themselves when it is back", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const client = await cluster.client();
    await cluster.until(client.put("/a", "1"));
    const alive = client.server ?? "";
    const others = cluster.ids.filter((id) => id !== alive);
    for (const id of others) cluster.kernel.node(id).crash();
    expect(await cluster.until(codeOf(client.get("/a", { timeoutMs: 3_000 })))).toBe("ERR_FLOTILLA_TIMEOUT");
    const write = client.put("/a", "2", { timeoutMs: 50_000 });
    await cluster.pass(1_000);
    await cluster.start(others);
    expect((await cluster.until(write)).stat.version).toBe(1);
  });
});

describe("a real member", () => {
  test("writes to disk, restarts and reads over a local and a remote session", async () => {
    const dataDir = await temporaryFolder();
    const first = await start({
      id: "solo",
      dataDir,
      listen: "127.0.0.1:0",
      bootstrap: [{ id: "solo", address: "127.0.0.1:1" }],
      logger: silentLogger,
    });
    await first.session.put("/a", "kept");
    await first.close();
    const second = await start({ id: "solo", dataDir, listen: "127.0.0.1:0", logger: silentLogger });
    onTestFinished(() => second.close());
    expect(text((await second.session.get("/a"))?.value ?? new Uint8Array())).toBe("kept");
    const remote = await connect({ endpoints: [second.address], logger: silentLogger });
    expect(text((await remote.session.get("/a"))?.value ?? new Uint8Array())).toBe("kept");
    await remote.close();
  });

  test("tells once of a client that comes again and again with the wrong secret", async () => {
    const told: unknown[] = [];
    const node = await start({
      id: "solo",
      dataDir: await temporaryFolder(),
      listen: "127.0.0.1:0",
      bootstrap: [{ id: "solo", address: "127.0.0.1:1" }],
      secret: "right",
      logger: { ...silentLogger, warn: ({ err }) => void told.push(err) },
    });
    onTestFinished(() => node.close());
    const wrong = { endpoints: [node.address], secret: "wrong", logger: silentLogger };
    for (let k = 0; k < 3; k += 1) expect(await codeOf(connect(wrong))).toBe("ERR_FLOTILLA_WRONG_SECRET");
    expect(told).toMatchObject([{ code: "ERR_FLOTILLA_WRONG_SECRET" }]);
  });

  test("leaves an occupied port and data in use alone", async () => {
    const dataDir = await temporaryFolder();
    const options = { id: "solo", dataDir, listen: "127.0.0.1:0", logger: silentLogger } as const;
    const node = await start({ ...options, bootstrap: [{ id: "solo", address: "127.0.0.1:1" }] });
    onTestFinished(() => node.close());
    expect(await codeOf(start(options))).toBe("ERR_FLOTILLA_LOCKED");
    const elsewhere = await temporaryFolder();
    expect(await codeOf(start({ ...options, dataDir: elsewhere }))).toBe("ERR_FLOTILLA_BAD_CONFIG");
    expect(await codeOf(start({ ...options, dataDir: elsewhere, listen: node.address }))).toBe(
      "ERR_FLOTILLA_ADDRESS_IN_USE",
    );
  });
});

test("options that cannot work are refused by name before anything happens", async () => {
  const good: StartOptions = { id: "a", dataDir: "/dev/null/nowhere", listen: "127.0.0.1:0" };
  const bad: [string, object][] = [
    ["id", { id: "a b" }],
    ["id", { id: undefined }],
    ["dataDir", { dataDir: "" }],
    ["listen", { listen: "nowhere" }],
    ["listen", { listen: "0.0.0.0:1" }],
    ["secret", { secret: "" }],
    ["auth", { auth: [{ user: "a:b", password: "c" }] }],
    ["auth", { auth: [] }],
    ["heartbeatMs", { heartbeatMs: 0 }],
    ["hearbeatMs", { hearbeatMs: 50 }],
    ["electionTimeoutMs", { heartbeatMs: 100, electionTimeoutMs: 299 }],
    ["snapshotEntries", { snapshotEntries: 1.5 }],
    ["historyEvents", { historyEvents: -1 }],
    ["historyBytes", { historyBytes: 0.5 }],
    ["historyAgeMs", { historyAgeMs: Number.NaN }],
    ["sessionTtlMs", { sessionTtlMs: 499 }],
    ["maxStallMs", { maxStallMs: 9_000 }],
    ["bootstrap", { bootstrap: [{ id: "b", address: "b:1" }] }],
    ["bootstrap", { bootstrap: [] }],
    ["learner", { bootstrap: [{ id: "a", address: "a:1" }], learner: true }],
    ["advertise", { bootstrap: [{ id: "a", address: "a:1" }], advertise: "b:1" }],
    ["advertise", { listen: "0.0.0.0:0", insecure: true, join: ["b:1"] }],
    ["advertise", { listen: "[::]:0", insecure: true, join: ["b:1"], learner: true }],
    ["advertise", { join: ["b:1"], advertise: "0.0.0.0:1" }],
    ["advertise", { join: [], advertise: "[0:0::0]:1" }],
    ["bootstrap[0].address", { bootstrap: [{ id: "a", address: "0.0.0.0:1" }] }],
    ["bootstrap[0].address", { bootstrap: [{ id: "a", address: "[::]:1" }] }],
    [
      "bootstrap",
      {
        bootstrap: [
          { id: "a", address: "b:1" },
          { id: "a", address: "b:2" },
        ],
      },
    ],
    ["bootstrap[0].address", { bootstrap: [{ id: "a", address: "b" }] }],
  ];
  for (const [option, change] of bad) {
    const failure: unknown = await start({ ...good, ...change }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_FLOTILLA_BAD_CONFIG", details: { option } });
  }
});
