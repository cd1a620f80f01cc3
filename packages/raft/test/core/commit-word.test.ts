import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import type { Parcel } from "./parcel.ts";

const trio = ["a", "b", "c"];

function led(commitDelayMs: number): Cluster {
  const cluster = new Cluster(trio, { commitDelayMs });
  cluster.elect("a");
  cluster.tick();
  cluster.sent.length = 0;
  return cluster;
}

function isEmptyAppend({ message }: Parcel): boolean {
  return message.type === "append" && message.entries.length === 0;
}

function count(cluster: Cluster, type: string): number {
  return cluster.sent.filter(({ message }) => message.type === type).length;
}

test("an append that only tells of a commit is not answered", () => {
  const cluster = led(0);
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.sent.filter(isEmptyAppend).map(({ to }) => to)).toEqual(["b", "c"]);
  expect(count(cluster, "append-reply")).toBe(2);
  for (const id of trio) expect(cluster.commands(id)).toEqual(["x"]);
});

test("an empty append that tells nothing new is answered, so that a lost answer is made up for", () => {
  const cluster = led(0);
  cluster.propose("a", "x");
  cluster.deliverSome(({ message }) => message.type === "append");
  cluster.wire = cluster.wire.filter(({ from }) => from !== "b");
  cluster.settle();
  expect(cluster.get("a").raft.matchOf("b")).toBe(1);
  expect(cluster.commands("b")).toEqual(["x"]);
  cluster.tick(2);
  expect(cluster.get("a").raft.matchOf("b")).toBe(2);
});

test("a new link is answered even when all that is new to it is the commit", () => {
  const cluster = led(0);
  cluster.isolate("c");
  cluster.propose("a", "x");
  cluster.deliverSome(({ message }) => message.type === "append");
  cluster.deliverSome(({ message }) => message.type === "append-reply");
  expect(cluster.get("a").raft.matchOf("b")).toBe(2);
  cluster.wire.length = 0;
  cluster.step("b", { type: "peer-up", peer: "a", incarnation: "" });
  cluster.sent.length = 0;
  cluster.step("a", { type: "peer-up", peer: "b", incarnation: "" });
  cluster.settle();
  expect(cluster.said("b", "append-reply").map(({ match }) => match)).toEqual([2]);
  expect(cluster.commands("b")).toEqual(["x"]);
});

/** `1` is committed while `2`, which no other member has heard of, is under way. */
function committedAhead(cluster: Cluster): void {
  cluster.propose("a", "1");
  cluster.deliverSome(({ message }) => message.type === "append");
  cluster.propose("a", "2");
  cluster.deliverSome(({ message }) => message.type === "append-reply");
  expect(cluster.commands("a")).toEqual(["1"]);
  expect(cluster.commands("b")).toEqual([]);
}

test("word of a commit leaves at once when nothing else is under way", () => {
  const cluster = led(5);
  cluster.propose("a", "1");
  cluster.settle();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1"]);
  expect(cluster.get("a").raft.nextDeadlineMs()).toBeNull();
  expect(count(cluster, "append-reply")).toBe(2);
});

test("whoever handed over what is committed hears of it at once, whatever else is under way", () => {
  const cluster = led(5);
  cluster.propose("b", "1");
  cluster.deliverSome(({ message }) => message.type === "forward");
  cluster.deliverSome(({ message }) => message.type === "append");
  cluster.propose("a", "2");
  cluster.deliverSome(({ message }) => message.type === "append-reply");
  expect(cluster.commands("a")).toEqual(["1"]);
  expect(cluster.sent.filter(isEmptyAppend).map(({ to }) => to)).toEqual(["b"]);
});

test("a heartbeat tells of the commit too", () => {
  const cluster = led(100_000);
  committedAhead(cluster);
  cluster.wire.length = 0;
  cluster.step("a", { type: "tick" });
  cluster.deliverSome(({ message }) => message.type === "heartbeat");
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1"]);
});

test("word of a commit travels with the next entries while others are under way", () => {
  const cluster = led(5);
  committedAhead(cluster);
  cluster.sent.length = 0;
  cluster.propose("a", "3");
  cluster.deliverSome(({ message }) => message.type === "append");
  expect(cluster.commands("b")).toEqual(["1"]);
  expect(cluster.sent.filter(isEmptyAppend)).toEqual([]);
});

test("word of a commit leaves alone when no entries follow in time", () => {
  const cluster = led(5);
  committedAhead(cluster);
  const leader = cluster.get("a");
  expect(leader.raft.nextDeadlineMs()).toBe(leader.nowMs + 5);
  leader.nowMs += 4;
  cluster.step("a", { type: "wake" });
  expect(cluster.sent.filter(isEmptyAppend)).toEqual([]);
  leader.nowMs += 1;
  cluster.step("a", { type: "wake" });
  expect(cluster.sent.filter(isEmptyAppend).map(({ to }) => to)).toEqual(["b", "c"]);
  expect(leader.raft.nextDeadlineMs()).toBeNull();
  cluster.settle();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1", "2"]);
});
