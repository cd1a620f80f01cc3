import { expect, test } from "vitest";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import { bytes, Cluster } from "./cluster.ts";

const trio = ["a", "b", "c"];
const zero = { index: 0, term: 0 };

function patient(cluster: Cluster, id: string, ticks: number = 20): void {
  for (let k = 0; k < ticks; k += 1) cluster.step(id, { type: "tick" });
}

/** `a` has asked for votes in term 1, and nobody has answered. */
function candidate(ids: readonly string[] = trio): Cluster {
  const cluster = new Cluster(ids);
  patient(cluster, "a");
  for (const id of ids.slice(1, 1 + Math.floor(ids.length / 2)))
    cluster.tell("a", id, { type: "pre-vote-reply", term: 1, granted: true });
  return cluster;
}

function asked(cluster: Cluster, type: string): string[] {
  return cluster.sent
    .filter(({ from, message }) => from === "a" && message.type === type)
    .map(({ to }) => to);
}

test("§5.2 a candidate enters the next term, votes for itself and asks every other voter", () => {
  const cluster = candidate(["a", "b", "c", "d", "e"]);
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 1, vote: "a", leader: null });
  expect(asked(cluster, "vote")).toEqual(["b", "c", "d", "e"]);
  expect(cluster.said("a", "vote")[0]).toMatchObject({ term: 1, last: zero });
});

test.each([
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 3],
  [7, 3],
])("§5.2 a candidate among %i voters leads once %i others voted for it, and not before", (size, needed) => {
  const ids = Array.from({ length: size }, (_, k) => String.fromCodePoint(97 + k));
  const cluster = candidate(ids);
  for (const [k, id] of ids.slice(1, needed + 1).entries()) {
    expect(cluster.get("a").raft.role, `${k} votes`).toBe("candidate");
    cluster.tell("a", id, { type: "vote-reply", term: 1, granted: true });
  }
  expect(cluster.get("a").raft.role).toBe("leader");
});

test("§5.2 a candidate that is refused in its own term stays one", () => {
  const cluster = candidate();
  for (const id of ["b", "c"]) cluster.tell("a", id, { type: "vote-reply", term: 1, granted: false });
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 1 });
});

test("§5.2 a candidate goes on when a leader of an earlier term speaks, which is told the term", () => {
  const cluster = candidate();
  cluster.tell("a", "b", { type: "append", term: 0, prev: zero, commit: 0, entries: [] });
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 1, leader: null });
  expect(cluster.said("a", "append-reply")).toMatchObject([{ term: 1, match: null, hint: null }]);
});

test("§5.2 a candidate that wins nothing begins anew, in a term beyond those that it has seen", () => {
  const cluster = candidate();
  patient(cluster, "a");
  expect(cluster.get("a").raft).toMatchObject({ role: "precandidate", term: 1 });
  cluster.tell("a", "b", { type: "pre-vote-reply", term: 2, granted: true });
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 2, vote: "a" });
});

test("§5.2 a leader speaks to everybody as soon as it is elected, and with every tick", () => {
  const cluster = candidate();
  cluster.sent.length = 0;
  cluster.tell("a", "b", { type: "vote-reply", term: 1, granted: true });
  expect(asked(cluster, "append")).toEqual(["b", "c"]);
  for (let k = 1; k <= 3; k += 1) {
    cluster.sent.length = 0;
    cluster.step("a", { type: "tick" });
    expect(asked(cluster, "heartbeat"), `tick ${k}`).toEqual(["b", "c"]);
  }
});

test("§5.3 a leader drops and overwrites nothing in its own log, whatever it is told", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.propose("a", "x", "y");
  const before = cluster.terms("a");
  const { term } = cluster.get("a").raft;
  const payload = bytes("z");
  const entry = encodeEntry({ index: 2, term, timeMs: 9e15, kind: "command", payload });
  cluster.tell("a", "b", { type: "append-reply", term, prevIndex: 3, match: null, hint: zero });
  cluster.tell("a", "b", { type: "append", term: 0, prev: zero, commit: 0, entries: [] });
  cluster.tell("a", "c", { type: "append", term, prev: { index: 1, term }, commit: 0, entries: [entry] });
  expect(cluster.terms("a")).toEqual(before);
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term });
  expect(cluster.get("a").refused).toEqual([{ from: "c", reason: "second-leader" }]);
});

test("§5.3 the leader goes back in a follower's log until they agree, and then brings it all at once", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.isolate("c");
  for (const text of ["p", "q", "r", "s"]) {
    cluster.propose("a", text);
    cluster.settle();
  }
  cluster.heal();
  cluster.sent.length = 0;
  cluster.tick(2);
  const toC = cluster.sent.filter(({ to, message }) => to === "c" && message.type === "append");
  expect(toC.some(({ message }) => message.type === "append" && message.entries.length === 4)).toBe(true);
  expect(cluster.terms("c")).toEqual(cluster.terms("a"));
  expect(cluster.commands("c")).toEqual(["p", "q", "r", "s"]);
});

test("§5.5 a request that comes again is answered again and changes nothing", () => {
  const cluster = new Cluster(trio);
  const payload = bytes("x");
  const entry = encodeEntry({ index: 1, term: 1, timeMs: 0, kind: "command", payload });
  const append = { type: "append", term: 1, prev: zero, commit: 1, entries: [entry] } as const;
  for (let k = 0; k < 3; k += 1) cluster.tell("a", "b", append);
  expect(cluster.said("a", "append-reply").map(({ match }) => match)).toEqual([1, 1, 1]);
  expect(cluster.commands("a")).toEqual(["x"]);
  expect(cluster.terms("a")).toEqual([1]);
});

test("§5.5 to a follower that does not answer the leader sends again, until it is back", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.crash("c");
  cluster.propose("a", "x");
  cluster.settle();
  cluster.tick(8, ["a", "b"]);
  cluster.restart("c");
  cluster.tick(2);
  expect(cluster.commands("c")).toEqual(["x"]);
});

test("§7 a snapshot of what the log holds already keeps the entries behind it", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.propose("a", "x", "y");
  cluster.settle();
  cluster.tick(2);
  const { raft } = cluster.get("b");
  const last = { index: 2, term: 1 };
  const configuration = raft.configurationAt(2);
  const head = { last, timeMs: 1, configuration, totalBytes: 0, hash: "00".repeat(32) };
  cluster.tell("b", "a", { type: "snapshot-offer", term: 1, ...head });
  expect(cluster.terms("b")).toEqual([1, 1, 1]);
  expect(cluster.get("b").disk.snapshot).toBeNull();
});
