import { Machine } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { NodeHooks } from "../../src/server/node.ts";
import { Cluster } from "./cluster.ts";

/** A member of a version that knows levels up to this one. */
function version(newestLevel: number): NodeHooks {
  return { machine: () => new Machine({ newestLevel }) };
}

function levels(cluster: Cluster): number[] {
  return cluster.ids.map((id) => cluster.node(id).status().featureLevel);
}

/** Lets every member apply what was written so far. */
async function write(cluster: Cluster, path: string): Promise<void> {
  const leader = await cluster.leader();
  await cluster.until(cluster.node(leader).session.put(path, "", { timeoutMs: 30_000 }));
  await cluster.pass(2_000);
}

async function mixed(): Promise<Cluster> {
  const cluster = new Cluster(3);
  await cluster.start(["n1", "n2"], version(2));
  await cluster.start(["n3"], version(1));
  await write(cluster, "/a");
  return cluster;
}

test("a cluster stays at the level that its oldest member knows, and serves", async () => {
  const cluster = await mixed();
  await cluster.pass(60_000);
  expect(levels(cluster)).toEqual([1, 1, 1]);
  expect(cluster.ids.map((id) => cluster.node(id).status().newestLevel)).toEqual([2, 2, 1]);
});

test("it stays there while that member is down: nobody knows what it will come back with", async () => {
  const cluster = await mixed();
  cluster.kernel.node("n3").crash();
  await cluster.pass(60_000);
  expect(levels(cluster).slice(0, 2)).toEqual([1, 1]);
});

test("after a rolling restart with the newer version all agree on its level, and write for it", async () => {
  const cluster = new Cluster(3);
  await cluster.start(cluster.ids, version(1));
  await write(cluster, "/a");
  for (const id of cluster.ids) {
    expect(levels(cluster)).toEqual([1, 1, 1]);
    cluster.kernel.node(id).crash();
    await cluster.start([id], version(2));
    await write(cluster, `/${id}`);
  }
  expect(levels(cluster)).toEqual([2, 2, 2]);
  expect(new Set(cluster.ids.map((id) => cluster.node(id).status().digest)).size).toBe(1);
});

test("a leader that takes over agrees anew on nothing, and a member that joins learns the level", async () => {
  const cluster = new Cluster(3);
  await cluster.start(cluster.ids, version(3));
  await write(cluster, "/a");
  const leader = await cluster.leader();
  const before = cluster.node(leader).status().lastIndex;
  cluster.kernel.node(leader).crash();
  const others = cluster.ids.filter((id) => id !== leader);
  await cluster.leader(others);
  await cluster.pass(5_000);
  for (const id of others) {
    const { featureLevel, lastIndex } = cluster.node(id).status();
    expect(featureLevel).toBe(3);
    // The first entry of the term, and what became of sessions.
    expect(lastIndex - before).toBeLessThan(6);
  }
});

test("an older version stops at the first command that it does not know, and says what to do", async () => {
  const cluster = new Cluster(3);
  await cluster.start(cluster.ids, version(2));
  await write(cluster, "/a");
  expect(levels(cluster)).toEqual([2, 2, 2]);
  cluster.kernel.node("n3").crash();
  await cluster.start(["n3"], version(1));
  const reason = await cluster.until(cluster.node("n3").closed);
  expect(reason).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_UNSUPPORTED" } });
  if (reason.type !== "failed") throw new Error("it did not fail");
  expect(reason.error.message).toMatch(
    /^entry \d+ of term \d+ stops .* level 2, and this version of Flotilla knows levels up to 1: start .* newer version$/,
  );
  await write(cluster, "/b");
  cluster.kernel.node("n3").stop();
  await cluster.start(["n3"], version(2));
  await write(cluster, "/c");
  expect(levels(cluster)).toEqual([2, 2, 2]);
});
