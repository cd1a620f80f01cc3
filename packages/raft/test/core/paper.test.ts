import { expect, test } from "vitest";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import { bytes, Cluster } from "./cluster.ts";

const trio = ["a", "b", "c"];
const zero = { index: 0, term: 0 };

function entry(index: number, term: number, text = "x"): Entry {
  return encodeEntry({ index, term, timeMs: 0, kind: "command", payload: bytes(text) });
}

function append(term: number, prev: { index: number; term: number }, entries: readonly Entry[], commit = 0) {
  return { type: "append", term, prev, commit, entries } as const;
}

test("§5.1 a message of a later term makes any role a follower of that term", () => {
  for (const role of ["follower", "candidate", "leader"]) {
    const cluster = new Cluster(trio);
    if (role === "candidate") {
      cluster.step("a", { type: "tick" });
      for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
      cluster.tell("a", "b", { type: "pre-vote-reply", term: 1, granted: true });
    }
    if (role === "leader") cluster.elect("a");
    expect(cluster.get("a").raft.role).toBe(role);
    cluster.tell("a", "b", append(7, zero, []));
    expect(cluster.get("a").raft).toMatchObject({ role: "follower", term: 7, leader: "b" });
  }
});

test("§5.1 a request of an earlier term is refused with the current one", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(5, zero, []));
  cluster.tell("a", "c", append(3, zero, [entry(1, 3)]));
  cluster.tell("a", "c", { type: "vote", term: 4, last: { index: 9, term: 4 }, transfer: false });
  expect(cluster.get("a").raft).toMatchObject({ term: 5, leader: "b", last: zero });
  expect(cluster.said("a", "append-reply").at(-1)).toMatchObject({ term: 5, match: null });
  expect(cluster.said("a", "vote-reply").at(-1)).toMatchObject({ term: 5, granted: false });
});

test("§5.2 a follower that hears its leader stays one", () => {
  const cluster = new Cluster(trio);
  for (let k = 0; k < 60; k += 1) {
    cluster.step("a", { type: "tick" });
    cluster.tell("a", "b", { type: "heartbeat", term: 1, commit: 0, round: k });
  }
  expect(cluster.get("a").raft).toMatchObject({ role: "follower", term: 1 });
});

test("§5.2 a follower that hears nobody waits one to two election timeouts", () => {
  const waits = Array.from({ length: 60 }, (_, seed) => {
    const cluster = new Cluster(trio, { seed });
    let ticks = 0;
    for (; cluster.get("a").raft.role === "follower"; ticks += 1) cluster.step("a", { type: "tick" });
    return ticks;
  });
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...waits)).toBeLessThan(20);
  expect(new Set(waits).size).toBeGreaterThan(5);
});

test("§5.2 a voter votes once a term, and gives the same candidate the same answer again", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", { type: "vote", term: 1, last: zero, transfer: false });
  cluster.tell("a", "c", { type: "vote", term: 1, last: zero, transfer: false });
  cluster.tell("a", "b", { type: "vote", term: 1, last: zero, transfer: false });
  expect(cluster.said("a", "vote-reply").map(({ granted }) => granted)).toEqual([true, false, true]);
});

test("§5.2 a vote is remembered across a restart", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", { type: "vote", term: 1, last: zero, transfer: false });
  cluster.crash("a");
  cluster.restart("a");
  cluster.tell("a", "c", { type: "vote", term: 1, last: zero, transfer: false });
  expect(cluster.said("a", "vote-reply").map(({ granted }) => granted)).toEqual([true, false]);
});

test("§5.2 a candidate follows whoever won its term", () => {
  const cluster = new Cluster(trio);
  for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
  cluster.tell("a", "b", { type: "pre-vote-reply", term: 1, granted: true });
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 1 });
  cluster.tell("a", "c", append(1, zero, []));
  expect(cluster.get("a").raft).toMatchObject({ role: "follower", term: 1, leader: "c", vote: "a" });
});

test("§5.2 answers repeated by one voter count once", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"]);
  for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
  for (let k = 0; k < 3; k += 1) cluster.tell("a", "b", { type: "pre-vote-reply", term: 1, granted: true });
  expect(cluster.get("a").raft.role).toBe("precandidate");
  cluster.tell("a", "c", { type: "pre-vote-reply", term: 1, granted: true });
  for (let k = 0; k < 3; k += 1) cluster.tell("a", "b", { type: "vote-reply", term: 1, granted: true });
  expect(cluster.get("a").raft.role).toBe("candidate");
  cluster.tell("a", "c", { type: "vote-reply", term: 1, granted: true });
  expect(cluster.get("a").raft.role).toBe("leader");
});

test("§5.2 an answer to a pre-vote is no vote, and a vote of an earlier term counts for nothing", () => {
  const cluster = new Cluster(trio);
  for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
  cluster.tell("a", "c", { type: "vote-reply", term: 0, granted: true });
  expect(cluster.get("a").raft.role).toBe("precandidate");
  cluster.tell("a", "b", { type: "pre-vote-reply", term: 1, granted: true });
  cluster.tell("a", "b", { type: "vote-reply", term: 0, granted: true });
  expect(cluster.get("a").raft.role).toBe("candidate");
});

test("§5.3 an append is refused unless the entry before it is there with the same term", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(2, zero, [entry(1, 1), entry(2, 2)]));
  cluster.tell("a", "b", append(3, { index: 2, term: 1 }, [entry(3, 3)]));
  cluster.tell("a", "b", append(3, { index: 4, term: 3 }, [entry(5, 3)]));
  const replies = cluster.said("a", "append-reply");
  expect(replies.map(({ match, hint }) => [match, hint?.index])).toEqual([
    [2, undefined],
    [null, 1],
    [null, 2],
  ]);
  expect(cluster.terms("a")).toEqual([1, 2]);
});

test("§5.3 a conflicting entry goes with all that follow it, and nothing else does", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(1, zero, [entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1)]));
  cluster.tell("a", "c", append(2, { index: 2, term: 1 }, [entry(3, 2)]));
  expect(cluster.terms("a")).toEqual([1, 1, 2]);
  expect(cluster.get("a").disk.entries.map(({ term }) => term)).toEqual([1, 1, 2]);
});

test("§5.3 a late, shorter append cuts nothing off, and acknowledges no more than it carried", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(1, zero, [entry(1, 1), entry(2, 1), entry(3, 1)]));
  cluster.tell("a", "b", append(1, zero, [entry(1, 1)]));
  expect(cluster.terms("a")).toEqual([1, 1, 1]);
  expect(cluster.said("a", "append-reply").map(({ match }) => match)).toEqual([3, 1]);
});

test("§5.3 a follower commits no further than what this append verified", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(1, zero, [entry(1, 1), entry(2, 1), entry(3, 1)]));
  cluster.tell("a", "c", append(2, { index: 1, term: 1 }, [], 3));
  expect(cluster.get("a").raft.commit).toBe(1);
});

test("§5.3 an append that contradicts itself changes nothing", () => {
  const broken = encodeEntry({
    index: 1,
    term: 2,
    timeMs: 0,
    kind: "config",
    payload: bytes("no configuration"),
  });
  for (const entries of [[entry(1, 1), entry(3, 2)], [entry(1, 2), entry(2, 1)], [entry(1, 3)], [broken]]) {
    const cluster = new Cluster(trio);
    cluster.tell("a", "b", append(2, zero, entries));
    expect(cluster.get("a").raft).toMatchObject({ last: zero, term: 0, leader: null });
    expect(cluster.get("a").refused).toEqual([{ from: "b", reason: "malformed-append" }]);
  }
});

test.each([
  [{ index: 9, term: 1 }, false],
  [{ index: 1, term: 2 }, false],
  [{ index: 2, term: 2 }, true],
  [{ index: 3, term: 2 }, true],
  [{ index: 1, term: 3 }, true],
])("§5.4.1 a log that ends with %o against 2/2 gets the vote: %s", (last, granted) => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(2, zero, [entry(1, 1), entry(2, 2)]));
  cluster.forget(["a"]);
  cluster.tell("a", "c", { type: "vote", term: 4, last, transfer: false });
  expect(cluster.said("a", "vote-reply")).toEqual([{ type: "vote-reply", term: 4, granted }]);
});

test("§5.4.2 an entry of an earlier term is committed only by one of this term on top of it", () => {
  const reply = { type: "append-reply", term: 2, prevIndex: 0, hint: null } as const;
  const fresh = new Cluster(trio);
  fresh.tell("a", "b", append(1, zero, [entry(1, 1)]));
  for (let k = 0; k < 20; k += 1) fresh.step("a", { type: "tick" });
  fresh.tell("a", "c", { type: "pre-vote-reply", term: 2, granted: true });
  fresh.tell("a", "c", { type: "vote-reply", term: 2, granted: true });
  expect(fresh.get("a").raft).toMatchObject({ role: "leader", term: 2, last: { index: 2, term: 2 } });
  fresh.tell("a", "c", { ...reply, match: 1 });
  expect(fresh.get("a").raft.commit).toBe(0);
  fresh.tell("a", "c", { ...reply, match: 2 });
  expect(fresh.get("a").raft.commit).toBe(2);
});

test("§5.4.2 a leader begins its term with an entry of its own", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  expect(cluster.terms("a")).toEqual([1]);
  expect(cluster.get("a").raft.established).toBe(true);
});

test("§6.4 a read point needs a heartbeat round that began after the read", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.step("a", { type: "tick" });
  const early = cluster.wire.splice(0);
  const read = cluster.read("a");
  const late = cluster.wire.splice(0);
  for (const parcel of early) cluster.deliver(parcel);
  cluster.settle();
  expect(cluster.get("a").reads).toEqual([]);
  for (const parcel of late) cluster.deliver(parcel);
  cluster.settle();
  expect(cluster.get("a").reads).toEqual([{ id: read, index: 1 }]);
});

test("§9.6 asking for pre-votes changes no term, on either side", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", { type: "pre-vote", term: 5, last: zero, closedLeader: null });
  expect(cluster.get("a").raft).toMatchObject({ term: 0, vote: null });
  expect(cluster.said("a", "pre-vote-reply")).toEqual([{ type: "pre-vote-reply", term: 5, granted: true }]);
  cluster.isolate("b");
  for (let k = 0; k < 100; k += 1) cluster.step("b", { type: "tick" });
  expect(cluster.get("b").raft).toMatchObject({ role: "precandidate", term: 0 });
});

test("§9.6 a pre-vote is refused to an older log, and while a leader is heard", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(2, zero, [entry(1, 2)]));
  cluster.tell("a", "c", { type: "pre-vote", term: 3, last: { index: 5, term: 2 }, closedLeader: null });
  cluster.forget(["a"]);
  cluster.tell("a", "c", { type: "pre-vote", term: 3, last: { index: 5, term: 1 }, closedLeader: null });
  cluster.tell("a", "c", { type: "pre-vote", term: 3, last: { index: 5, term: 2 }, closedLeader: null });
  expect(cluster.said("a", "pre-vote-reply").map(({ term, granted }) => [term, granted])).toEqual([
    [2, false],
    [2, false],
    [3, true],
  ]);
});

test("§9.6 a pre-vote asked for in an earlier term is answered, and its asker catches up with the term", () => {
  const cluster = new Cluster(trio);
  cluster.tell("a", "b", append(5, zero, []));
  cluster.tell("a", "c", { type: "pre-vote", term: 2, last: zero, closedLeader: null });
  const [reply] = cluster.said("a", "pre-vote-reply");
  expect(reply).toEqual({ type: "pre-vote-reply", term: 5, granted: false });
  for (let k = 0; k < 20; k += 1) cluster.step("c", { type: "tick" });
  if (reply !== undefined) cluster.tell("c", "a", reply);
  expect(cluster.get("c").raft.term).toBe(5);
});
