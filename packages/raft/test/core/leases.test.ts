import { expect, test } from "vitest";
import { LeaderLease } from "../../src/core/lease.ts";
import type { Cluster } from "./cluster.ts";
import { LeaseSchedule } from "./lease-schedule.ts";
import { eachSeed } from "./seeds.ts";
import { add, led, refusalOf, roles, through } from "./membership-fixture.ts";

const slow = { timeout: 120_000 };

function at(nowMs: number, wallMs: number = nowMs): { readonly nowMs: number; readonly wallMs: number } {
  return { nowMs, wallMs };
}

test("a pledge counts from when its round was sent, shortened by what two clocks may be off", () => {
  const lease = new LeaderLease(1000);
  lease.sent(1, at(5000));
  expect(lease.countsOn("b", at(5000))).toBe(false);
  lease.granted("b", 1, 1000);
  const endMs = 5000 + (1000 * 0.98) / 1.02;
  expect(lease.countsOn("b", at(endMs - 0.001))).toBe(true);
  expect(lease.countsOn("b", at(endMs))).toBe(false);
  expect(lease.countsOn("c", at(5000))).toBe(false);
});

test("a pledge is over at the very moment at which it ends", () => {
  const lease = new LeaderLease(1000);
  lease.sent(1, at(0));
  lease.granted("b", 1, 1000);
  // From 0 on, no sum rounds the end away.
  expect(lease.countsOn("b", at((1000 * 0.98) / 1.02))).toBe(false);
});

test("the voter's own election timeout counts, not the leader's", () => {
  const lease = new LeaderLease(1000);
  lease.sent(1, at(0));
  lease.granted("b", 1, 102);
  expect(lease.countsOn("b", at(97.9))).toBe(true);
  expect(lease.countsOn("b", at(98))).toBe(false);
});

test("an answer to an earlier round takes nothing away, and one to an unknown round gives nothing", () => {
  const lease = new LeaderLease(1000);
  for (const k of [1, 2, 3]) lease.sent(k, at(k * 100));
  lease.granted("b", 3, 1020);
  lease.granted("b", 1, 1020);
  lease.granted("c", 4, 1020);
  expect(lease.countsOn("b", at(1279))).toBe(true);
  expect(lease.countsOn("c", at(300))).toBe(false);
});

test("a monotonic clock that stood still, and a wall clock that was set back, lengthen nothing", () => {
  const lease = new LeaderLease(1000);
  lease.sent(1, at(0, 50_000));
  lease.granted("b", 1, 1020);
  expect(lease.countsOn("b", at(10, 50_970))).toBe(true);
  expect(lease.countsOn("b", at(10, 50_990))).toBe(false);
  expect(lease.countsOn("b", at(970, 20_000))).toBe(true);
  expect(lease.countsOn("b", at(990, 20_000))).toBe(false);
});

test("what was given up stays given up", () => {
  const lease = new LeaderLease(1000);
  lease.sent(1, at(0));
  lease.granted("b", 1, 1000);
  lease.revoke();
  lease.sent(2, at(10));
  lease.granted("b", 2, 1000);
  expect(lease.countsOn("b", at(20))).toBe(false);
});

test("rounds that nobody answers are forgotten in the end", () => {
  const lease = new LeaderLease(1000);
  for (let k = 0; k < 5000; k += 1) lease.sent(k, at(k));
  lease.granted("b", 10, 1e9);
  expect(lease.countsOn("b", at(5000))).toBe(false);
});

/** How a read is answered at once, or when everything sent for it has arrived. */
function readAt(cluster: Cluster, id: string): "lease" | "round" | "unanswered" {
  const member = cluster.get(id);
  const { leaseReads } = member;
  const read = cluster.read(id);
  cluster.settle();
  const point = member.reads.find((one) => one.id === read)?.index ?? null;
  if (point === null) return "unanswered";
  return member.leaseReads > leaseReads ? "lease" : "round";
}

test("the setting counts once a majority has applied it, and not from when it is to be off again", () => {
  const cluster = led();
  expect(readAt(cluster, "a")).toBe("round");
  cluster.isolate("a");
  expect(refusalOf(cluster, "a", { type: "lease-reads", on: true })).toBeUndefined();
  cluster.settle();
  expect(readAt(cluster, "a")).toBe("unanswered");
  cluster.heal();
  cluster.tick(1);
  expect(readAt(cluster, "a")).toBe("round");
  cluster.tick(3);
  expect(readAt(cluster, "a")).toBe("lease");
  cluster.isolate("a");
  expect(refusalOf(cluster, "a", { type: "lease-reads", on: false })).toBeUndefined();
  cluster.settle();
  expect(readAt(cluster, "a")).toBe("unanswered");
});

test.each([
  ["old", "d", "e"],
  ["new", "b", "c"],
])(
  "§4.3: in a joint configuration the %s half alone answers no read, and then the lease is the new one's",
  (_half, ...missing) => {
    const cluster = led("d", "e");
    through(cluster, add("d"), add("e"), { type: "lease-reads", on: true });
    expect(readAt(cluster, "a")).toBe("lease");
    for (const id of missing) cluster.isolate(id);
    const swap = [
      { type: "promote", id: "d" },
      { type: "promote", id: "e" },
      { type: "remove", id: "b" },
      { type: "remove", id: "c" },
    ] as const;
    expect(refusalOf(cluster, "a", ...swap)).toBeUndefined();
    cluster.tick(1);
    expect(roles(cluster.get("a"))).toBe("a:voter b:outgoing c:outgoing d:incoming e:incoming");
    expect(readAt(cluster, "a")).toBe("unanswered");
    cluster.heal();
    cluster.tick(4);
    expect(roles(cluster.get("a"))).toBe("a:voter d:voter e:voter");
    expect(readAt(cluster, "a")).toBe("lease");
    for (const id of ["d", "e"]) cluster.isolate(id);
    cluster.tick(9, ["a"]);
    expect(readAt(cluster, "a")).toBe("lease");
    cluster.tick(1, ["a"]);
    expect(readAt(cluster, "a")).toBe("unanswered");
  },
);

test.each([2, 3, 4, 5])(
  "a group of %i with lease reads answers none that is stale while its clocks keep to the bound",
  slow,
  async (size) => {
    let leaseReads = 0;
    await eachSeed((seed) => {
      const schedule = new LeaseSchedule(seed, size);
      schedule.run(1500);
      leaseReads += schedule.leaseReads;
    }, 60);
    expect(leaseReads).toBeGreaterThan(1000);
  },
);
