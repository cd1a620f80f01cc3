import { expect, test } from "vitest";
import type { Heartbeat } from "../../src/core/message.ts";
import { Cluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster.ts";

const trio = ["a", "b", "c"];

function led(options: ClusterOptions = {}): Cluster {
  const cluster = new Cluster(trio, { askEveryTicks: 3, ...options });
  cluster.elect("a");
  cluster.tick(4);
  return cluster;
}

/** The heartbeats that `work` has the leader send to `to`, and which of them ask for an answer. */
function asked(cluster: Cluster, to: string, work: () => void): boolean[] {
  const from = cluster.sent.length;
  work();
  const heartbeats = cluster.sent
    .slice(from)
    .filter((parcel) => parcel.from === "a" && parcel.to === to)
    .map(({ message }) => message)
    .filter((message): message is Heartbeat => message.type === "heartbeat");
  return heartbeats.map(({ round }) => round > 0);
}

test("an idle peer is asked for an answer every so many ticks, and only then answers", () => {
  const cluster = led();
  const before = cluster.said("b", "heartbeat-reply").length;
  const asks = asked(cluster, "b", () => cluster.tick(9));
  expect(asks).toHaveLength(9);
  expect(asks.filter(Boolean)).toHaveLength(3);
  expect(cluster.said("b", "heartbeat-reply").length - before).toBe(3);
  expect(cluster.leader().id).toBe("a");
});

test("idle peers are asked in the same rounds, whenever they were heard", () => {
  const cluster = led();
  cluster.cut("a", "b");
  cluster.tick(4);
  cluster.heal();
  cluster.tick(4);
  const ticks = Array.from({ length: 9 }, () => {
    const from = cluster.sent.length;
    cluster.tick();
    const asks = cluster.sent
      .slice(from)
      .filter(({ from: by, message }) => by === "a" && message.type === "heartbeat" && message.round > 0);
    return asks
      .map(({ to }) => to)
      .toSorted()
      .join("");
  });
  expect(ticks.toSorted()).toEqual(["", "", "", "", "", "", "bc", "bc", "bc"]);
});

test("by default every heartbeat asks", () => {
  const cluster = led({ askEveryTicks: 1 });
  expect(asked(cluster, "b", () => cluster.tick(5))).toEqual([true, true, true, true, true]);
});

test("whoever does not answer is asked with every heartbeat", () => {
  const cluster = led();
  cluster.cut("a", "b");
  const asks = asked(cluster, "b", () => cluster.tick(8));
  expect(asks.slice(-5)).toEqual([true, true, true, true, true]);
});

test("a follower that is told nothing but that the leader lives keeps following it", () => {
  const cluster = led();
  for (let k = 0; k < 60; k += 1) {
    cluster.tell("b", "a", { type: "heartbeat", term: 1, commit: 0, round: 0 });
    cluster.step("b", { type: "tick" });
  }
  expect(cluster.get("b").raft).toMatchObject({ role: "follower", leader: "a", term: 1 });
});

test("the round that reads wait for asks, and confirms them", () => {
  const cluster = led();
  const read = cluster.read("a");
  cluster.settle();
  expect(cluster.get("a").reads.map(({ id }) => id)).toContain(read);
  const lost = cluster.read("a");
  cluster.wire = [];
  expect(asked(cluster, "b", () => cluster.tick())).toEqual([true]);
  expect(cluster.get("a").reads.map(({ id }) => id)).toContain(lost);
});

test("a peer whose log is not known to equal the leader's is asked", () => {
  const cluster = led();
  cluster.propose("a", "x");
  cluster.wire = [];
  expect(asked(cluster, "b", () => cluster.tick(1))).toEqual([true]);
  cluster.tick(2);
  expect(cluster.commands("b")).toEqual(["x"]);
});

test("a leader cut off from the others steps down within an election timeout after it last heard a quorum", () => {
  const cluster = led();
  cluster.isolate("a");
  let ticks = 0;
  for (; cluster.get("a").raft.role === "leader"; ticks += 1) cluster.tick(1, ["a"]);
  expect(ticks).toBeGreaterThanOrEqual(7);
  expect(ticks).toBeLessThanOrEqual(10);
});

test("with lease reads on every heartbeat asks, because the lease counts on the answers", () => {
  const cluster = led();
  const { configuration } = cluster.get("a").raft;
  expect(configuration.leaseReads).toBe(false);
  cluster.change("a", [{ type: "lease-reads", on: true }]);
  cluster.settle();
  cluster.tick(3);
  expect(asked(cluster, "b", () => cluster.tick(4))).toEqual([true, true, true, true]);
});
