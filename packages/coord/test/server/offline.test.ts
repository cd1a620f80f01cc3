import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import type { NodeStatus } from "../../src/client/status-api.ts";
import { text } from "../../src/client/values.ts";
import { nodeStatus } from "../../src/client/node-status.ts";
import {
  dataOwner,
  findPoison,
  forceNewCluster,
  inspectData,
  makeJoiner,
  restoreBackup,
  skipEntry,
} from "../../src/server/offline.ts";
import { standIn } from "../../src/server/stand-in.ts";
import { Cluster } from "./cluster.ts";
import { poison } from "./poison.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "fulfilled";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

async function three(): Promise<Cluster> {
  const cluster = new Cluster(3);
  await cluster.start();
  await cluster.leader();
  return cluster;
}

describe("a forced new cluster", () => {
  test("serves alone what its member had, in another history that older watches and sessions notice", async () => {
    const cluster = await three();
    const client = await cluster.client();
    await cluster.until(client.put("/a", "kept"));
    const watch = await cluster.until(client.watch("/", { kind: "recursive" }));
    await cluster.until(client.sync());
    const { token } = watch;
    await cluster.until(cluster.node("n1").session.sync());
    const before = cluster.node("n1").status();
    for (const id of cluster.ids) cluster.kernel.node(id).crash();

    const report = await cluster.offline("n1", inspectData);
    expect(report).toMatchObject({ type: "whole", id: "n1", cluster: "flotilla" });
    const forced = await cluster.offline("n1", forceNewCluster);
    expect(forced.without).toEqual(["n2", "n3"]);
    await cluster.start(["n1"]);
    await cluster.until(cluster.node("n1").session.put("/b", "new", { timeoutMs: 30_000 }));
    const after = cluster.node("n1").status();
    expect(after).toMatchObject({ role: "leader", historyId: forced.historyId });
    expect(after.members.map((member) => member.id)).toEqual(["n1"]);
    expect(after.historyId).not.toBe(before.historyId);
    expect(after.revision).toBeGreaterThanOrEqual(before.revision + 2 ** 20);
    const kept = await cluster.until(cluster.node("n1").session.get("/a"));
    expect(text(kept?.value ?? new Uint8Array())).toBe("kept");

    // The old session cannot know what it may have lost.
    await cluster.pass(20_000);
    expect(client.state).toBe("lost");
    const resumed = await cluster.until(
      cluster.node("n1").session.watch("/", { kind: "recursive", from: token }),
    );
    const first = await cluster.until(resumed[Symbol.asyncIterator]().next());
    expect(first.value).toMatchObject({ type: "snapshot" });
  });

  test.each([true, false])(
    "takes in a node whose link breaks while it reads of what was before (which crashes besides: %s)",
    async (crashes) => {
      const cluster = await three();
      const client = await cluster.client();
      // More than one message holds.
      for (let k = 0; k < 8; k += 1) await cluster.until(client.put(`/large-${k}`, "x".repeat(900_000)));
      await cluster.pass(1_000);
      const { kernel } = cluster;
      for (const id of cluster.ids) kernel.node(id).crash();
      kernel.node("n2").disk.wipe();
      const forced = await cluster.offline("n1", forceNewCluster);
      await cluster.start(["n1"]);
      const join = [cluster.address("n1")];
      await cluster.join("n2", { join });
      const joiner = (): NodeStatus => cluster.node("n2").status();
      const hasRead = (): boolean => joiner().lastIndex > 0;
      await kernel.run({ untilMs: kernel.nowMs + 30_000, until: hasRead });
      expect(hasRead()).toBe(true);
      expect(joiner().historyId).not.toBe(forced.historyId);
      kernel.network.cutBoth("n1", "n2");
      await cluster.pass(5_000);
      if (crashes) kernel.node("n2").crash();
      kernel.network.healAll();
      if (crashes) await cluster.join("n2", { join });
      await cluster.pass(20_000);
      expect(joiner()).toMatchObject({ leader: "n1", historyId: forced.historyId });
      expect(joiner().applied).toBe(cluster.node("n1").status().applied);
    },
  );

  test("has nothing to do with those that went on without it", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n2").session.put("/a", "old", { timeoutMs: 30_000 }));
    cluster.kernel.node("n1").crash();
    const forced = await cluster.offline("n1", forceNewCluster);
    await cluster.start(["n1"]);
    await cluster.until(cluster.node("n1").session.put("/b", "new", { timeoutMs: 30_000 }));
    await cluster.leader(["n2", "n3"]);
    await cluster.until(cluster.node("n2").session.put("/c", "old", { timeoutMs: 30_000 }));
    await cluster.pass(10_000);
    expect(cluster.node("n1").status()).toMatchObject({ role: "leader", historyId: forced.historyId });
    expect(cluster.node("n2").status().historyId).not.toBe(forced.historyId);
    expect(await cluster.until(cluster.node("n1").session.exists("/c"))).toBeNull();
    expect(await cluster.until(cluster.node("n3").session.exists("/b"))).toBeNull();
  });

  test("is refused while the member runs, without data, and of another member's", async () => {
    const cluster = await three();
    const { host } = { host: cluster.kernel.node("n9").start() };
    expect(await cluster.until(codeOf(forceNewCluster({ dataDir: "data", host })))).toBe(
      "ERR_FLOTILLA_NOT_FOUND",
    );
    cluster.kernel.node("n1").crash();
    const foreign = await cluster.offline("n1", (options) =>
      codeOf(forceNewCluster({ ...options, id: "n2" })),
    );
    expect(foreign).toBe("ERR_FLOTILLA_FOREIGN");
    expect(await codeOf(forceNewCluster(null as never))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  });
});

describe("an entry that stops every member", () => {
  test("is named, and passed over at each of them once an operator said so", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "before", { timeoutMs: 30_000 }));
    cluster.kernel.node("n1").crash();
    const addresses = ["n2", "n3"].map((id) => cluster.address(id));
    const member = { id: "n1", address: cluster.address("n1"), others: addresses };
    const others = ["n2", "n3"].map((id) => cluster.node(id).closed);
    let stopped = 0;
    for (const other of others) void other.then(() => (stopped += 1));
    await cluster.offline("n1", ({ host }) => poison(host, member, () => stopped === others.length));
    const [first, second] = await Promise.all(others);
    expect(first).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_INTERNAL" } });
    const index =
      first?.type === "failed" && FlotillaError.is(first.error) ? Number(first.error.details["index"]) : 0;
    expect(second).toMatchObject({ error: { details: { index } } });
    for (const id of ["n2", "n3"]) cluster.kernel.node(id).stop();
    // A start does not help.
    await cluster.start(["n2", "n3"]);
    // Whoever leads learns first that it is committed, and takes that with it when it stops.
    const again = ["n2", "n3"].map((id) => cluster.node(id).closed);
    expect(await cluster.until(Promise.race(again))).toMatchObject({ type: "failed" });
    for (const id of ["n2", "n3"]) cluster.kernel.node(id).stop();

    for (const id of cluster.ids) {
      expect(await cluster.offline(id, findPoison)).toMatchObject({ index });
      expect(await cluster.offline(id, (options) => codeOf(skipEntry(options, index - 1)))).toBe(
        "ERR_FLOTILLA_CONDITION",
      );
      expect(await cluster.offline(id, (options) => skipEntry(options, index))).toMatchObject({ index });
      expect(await cluster.offline(id, findPoison)).toBeNull();
    }
    await cluster.start();
    await cluster.until(cluster.node("n1").session.put("/a", "after", { timeoutMs: 30_000 }));
    for (const id of cluster.ids) await cluster.until(cluster.node(id).session.sync());
    expect(new Set(cluster.ids.map((id) => cluster.node(id).status().digest)).size).toBe(1);
  });
});

describe("in place of a damaged member", () => {
  test("operators hear what is wrong, clients go on to others, and the data stays as it is", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "1", { timeoutMs: 30_000 }));
    const machine = cluster.kernel.node("n3");
    machine.crash();
    machine.disk.emptyStore("log");
    const started = await codeOf(cluster.start(["n3"]));
    expect(started).toBe("ERR_FLOTILLA_DAMAGED");
    machine.stop();
    const files = machine.disk.durableFiles();
    const host = machine.start();
    const error = new FlotillaError("ERR_FLOTILLA_DAMAGED", "it was wiped");
    const options = { id: "n3", dataDir: "data", listen: cluster.address("n3"), insecure: true, host };
    const stand = await cluster.until(standIn(options, error));

    const asking = cluster.kernel.node("operator").start();
    const operator = admin({ host: asking, endpoints: [cluster.address("n3")], timeoutMs: 2_000 });
    expect(await cluster.until(operator.report())).toMatchObject({
      type: "damaged",
      id: "n3",
      cluster: "flotilla",
      problem: "it was wiped",
      advice: expect.stringContaining("repair") as unknown,
    });
    expect(await cluster.until(codeOf(operator.members.add(cluster.address("n3"))))).toBe(
      "ERR_FLOTILLA_DAMAGED",
    );
    const listing = cluster.until(operator.members.list());
    await expect(listing).rejects.toMatchObject({
      code: "ERR_FLOTILLA_DAMAGED",
      message: "node n3: it was wiped",
    });
    const reach = { host: asking, endpoints: [cluster.address("n3")], connectTimeoutMs: 2_000 };
    expect(await cluster.until(codeOf(nodeStatus(reach)))).toBe("ERR_FLOTILLA_DAMAGED");
    const client = await cluster.client({ to: ["n3", "n1"] });
    await cluster.until(client.put("/a", "2"));
    expect(client.server).toBe("n1");

    await cluster.pass(10_000);
    expect(machine.disk.durableFiles()).toEqual(files);
    expect(
      cluster
        .node("n1")
        .status()
        .members.find(({ id }) => id === "n3"),
    ).toMatchObject({
      connected: false,
    });
    await cluster.until(stand.close());
    expect(await cluster.until(codeOf(operator.report()))).toBe("ERR_FLOTILLA_UNREACHABLE");
  });
});

test("work on the data of a stopped member refuses options that nobody reads", async () => {
  const options = { dataDir: "nowhere", clusterName: "x" } as never;
  const works = [inspectData, dataOwner, forceNewCluster, findPoison, makeJoiner, restoreBackup];
  for (const work of [...works, (given: never) => skipEntry(given, 1)])
    await expect(work(options)).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
      message: expect.stringMatching(/^clusterName: expected an option that there is, such as cluster/),
    });
});
