import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { founded, founding, incarnationOf } from "./member.ts";

const trio = ["a", "b", "c"];
const zero = { index: 0, term: 0 };

test("three nodes elect one leader, which commits its first entry", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  for (const id of trio) expect(cluster.get(id).raft).toMatchObject({ leader: "a", term: 1, commit: 1 });
});

test("a single voter leads, commits and reads alone, but only what its disk holds", () => {
  const cluster = new Cluster(["a"]);
  const member = cluster.get("a");
  member.slowDisk = true;
  for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
  expect(member.raft.role).toBe("candidate");
  cluster.finishTask("a");
  expect(member.raft.role).toBe("leader");
  cluster.propose("a", "x");
  expect(member.raft.commit).toBe(0);
  cluster.flush("a");
  expect(member.raft.commit).toBe(2);
  const read = cluster.read("a");
  expect(member.reads).toEqual([{ id: read, index: 2 }]);
  expect(cluster.commands("a")).toEqual(["x"]);
});

test("who has no other voter beside it waits for nobody, unless it is pledged", () => {
  const learners = founded(["b"]).voters.map((learner) => ({ ...learner, promote: false }));
  const cluster = new Cluster(["a", "b"], { configuration: { ...founded(["a"]), learners } });
  cluster.step("b", { type: "tick" });
  cluster.step("a", { type: "tick" });
  cluster.settle();
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term: 1 });
  expect(cluster.get("b").raft.leader).toBe("a");

  const several = new Cluster(trio);
  several.step("a", { type: "tick" });
  several.settle();
  expect(several.get("a").raft).toMatchObject({ role: "follower", term: 0 });

  const pledged = new Cluster(["a"], { configuration: { ...founded(["a"]), leaseReads: true } });
  pledged.tick(9);
  expect(pledged.get("a").raft).toMatchObject({ role: "follower", term: 0 });
  pledged.tick(3);
  expect(pledged.get("a").raft).toMatchObject({ role: "leader", term: 1 });
});

test("the first election of a cluster needs every founder and writes their incarnations down", () => {
  const cluster = new Cluster(trio, { configuration: founding(trio) });
  cluster.isolate("c");
  cluster.tick(60);
  for (const id of trio) expect(cluster.get(id).raft.term).toBe(0);
  cluster.heal();
  cluster.tick(40);
  expect(cluster.get("a").raft.configuration).toMatchObject({
    index: 1,
    historyId: expect.stringMatching(/^[0-9a-f]{32}$/),
    voters: trio.map((id) => ({ id, incarnation: incarnationOf(id) })),
  });
  for (const id of trio) {
    expect(cluster.get(id).raft.configuration).toEqual(cluster.get("a").raft.configuration);
    expect(cluster.get(id).state[0]).toMatch(/:config$/);
  }
});

test("a link that comes up during the first election brings the question along", () => {
  const cluster = new Cluster(trio, { configuration: founding(trio) });
  cluster.isolate("c");
  cluster.elect("a");
  cluster.heal();
  cluster.link("a", "c");
  cluster.settle();
  expect(cluster.get("a").raft.role).toBe("leader");
});

test("a founding configuration that reached nobody else is rolled back", () => {
  const cluster = new Cluster(trio, { configuration: founding(trio) });
  cluster.elect("a");
  const alone = new Cluster(trio, { configuration: founding(trio) });
  const [entry] = cluster.get("a").disk.entries;
  if (entry === undefined) throw new Error("nothing was founded");
  alone.tell("b", "a", { type: "append", term: 1, prev: zero, commit: 0, entries: [entry] });
  expect(alone.get("b").raft.configuration.index).toBe(1);
  const other = { ...entry, kind: "command" } as const;
  alone.tell("b", "c", { type: "append", term: 2, prev: zero, commit: 0, entries: [{ ...other, term: 2 }] });
  expect(alone.get("b").raft.configuration).toEqual(founding(trio));
});

test("a member that comes back with other data counts for nothing", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  const wiped = cluster.get("b");
  wiped.incarnation = "f".repeat(32);
  cluster.isolate("c");
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.get("a").raft.commit).toBe(1);
  expect(cluster.get("a").probes).toContain("raft-message-from-stranger");
  cluster.tick(10, ["a"]);
  expect(cluster.get("a").raft.role).toBe("follower");
});

test("a member that was replaced under its own name never campaigns", () => {
  const cluster = new Cluster(trio);
  cluster.get("b").incarnation = "f".repeat(32);
  cluster.restart("b");
  cluster.settle();
  cluster.sent.length = 0;
  cluster.tick(60, ["b"]);
  expect(cluster.sent.filter(({ from }) => from === "b")).toEqual([]);
  expect(cluster.get("b").raft.role).toBe("follower");
});

test("a stranger's answers count for nothing", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  const reply = { type: "append-reply", term: 8, prevIndex: 0, match: null, hint: null } as const;
  cluster.deliver({ from: "x", to: "a", incarnation: "x", message: reply });
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term: 1 });
  expect(cluster.get("a").refused).toEqual([]);
});

test("a vote that comes before it was asked for is refused", () => {
  const cluster = new Cluster(trio);
  cluster.get("a").slowDisk = true;
  cluster.elect("a");
  expect(cluster.get("a").raft).toMatchObject({ role: "candidate", term: 1 });
  for (const from of ["b", "c"]) cluster.tell("a", from, { type: "vote-reply", term: 1, granted: true });
  expect(cluster.get("a").refused.map(({ reason }) => reason)).toEqual([
    "vote-not-asked-for",
    "vote-not-asked-for",
  ]);
  expect(cluster.get("a").raft.role).toBe("candidate");
});

test("votes and vote requests leave only once term and vote are durable", () => {
  const cluster = new Cluster(trio);
  for (const id of trio) cluster.get(id).slowDisk = true;
  cluster.elect("a");
  expect(cluster.get("a").raft.role).toBe("candidate");
  expect(cluster.said("a", "vote")).toEqual([]);
  cluster.flush("a");
  cluster.settle();
  expect(cluster.said("a", "vote").length).toBe(2);
  expect(cluster.said("b", "vote-reply")).toEqual([]);
  cluster.flush("b");
  cluster.settle();
  expect(cluster.said("b", "vote-reply")).toEqual([{ type: "vote-reply", term: 1, granted: true }]);
  expect(cluster.get("a").raft.role).toBe("leader");
});

test("a vote that is not durable when its term ends never leaves", () => {
  const cluster = new Cluster(trio);
  cluster.get("c").slowDisk = true;
  cluster.tell("c", "a", { type: "vote", term: 1, last: zero, transfer: false });
  cluster.tell("c", "b", { type: "vote", term: 2, last: zero, transfer: false });
  cluster.flush("c");
  cluster.flush("c");
  expect(cluster.said("c", "vote-reply").map(({ term }) => term)).toEqual([2]);
});

test("a leader that hears no majority for an election timeout steps down and falls silent", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"]);
  cluster.elect("a");
  cluster.isolate("a");
  cluster.tick(9, ["a"]);
  expect(cluster.get("a").raft.role).toBe("leader");
  cluster.tick(2, ["a"]);
  expect(cluster.get("a").raft).toMatchObject({ role: "follower", leader: null, term: 1 });
  cluster.sent.length = 0;
  cluster.tick(5, ["a"]);
  expect(cluster.said("a", "heartbeat")).toEqual([]);
});

test("a leader that only one bridge still hears gives way to the connected majority", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"]);
  cluster.elect("a");
  cluster.tick();
  for (const id of ["c", "d", "e"]) cluster.cut("a", id);
  cluster.tick(80);
  const leader = cluster.leader();
  expect(leader.raft.established).toBe(true);
  expect(["b", "c", "d", "e"]).toContain(leader.id);
  expect(cluster.get("a").raft.role).not.toBe("leader");
});

test("a node that was cut off does not disturb the leader when it returns", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  cluster.isolate("c");
  cluster.tick(100);
  cluster.heal();
  cluster.tick(30);
  for (const id of trio) expect(cluster.get(id).raft).toMatchObject({ term: 1, leader: "a" });
});

test("a vote is not given away while the leader is heard", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  cluster.tell("b", "c", { type: "vote", term: 5, last: { index: 9, term: 4 }, transfer: false });
  expect(cluster.get("b").raft).toMatchObject({ term: 1, leader: "a" });
  cluster.tell("b", "a", { type: "pre-vote", term: 2, last: { index: 9, term: 4 }, closedLeader: null });
  expect(cluster.said("b", "pre-vote-reply").at(-1)).toMatchObject({ granted: true });
});

test("logs and terms that lie crosswise still find a leader", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.propose("a", "x");
  cluster.settle();
  cluster.tick();
  cluster.crash("a");
  cluster.tell("c", "b", { type: "vote", term: 30, last: zero, transfer: true });
  cluster.tick(100);
  expect(cluster.leader().raft.established).toBe(true);
});

test("an answer that comes after the election is won starts nothing", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tell("a", "c", { type: "pre-vote-reply", term: 2, granted: true });
  cluster.tell("a", "c", { type: "vote-reply", term: 1, granted: true });
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term: 1 });
});

test("a leader whose disk hangs for an election timeout steps down", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.get("a").slowDisk = true;
  cluster.propose("a", "x");
  cluster.tick(9);
  expect(cluster.get("a").raft.role).toBe("leader");
  cluster.tick(60);
  expect(cluster.get("a").probes).toContain("raft-leader-disk-stalled");
  expect(cluster.leader().id).not.toBe("a");
});

function killed(): Cluster {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick(2);
  cluster.crash("a");
  return cluster;
}

test("a leader whose process closed its links is replaced within moments, without a tick", () => {
  const cluster = killed();
  for (const id of ["b", "c"]) cluster.step(id, { type: "peer-down", peer: "a", byPeer: true });
  const deadlines = ["b", "c"].map((id) => cluster.get(id).raft.nextDeadlineMs() ?? Number.NaN);
  for (const [k, id] of ["b", "c"].entries()) {
    const wait = (deadlines[k] ?? Number.NaN) - cluster.get(id).nowMs;
    expect(wait).toBeGreaterThanOrEqual(0);
    expect(wait).toBeLessThanOrEqual(100);
    expect(cluster.get(id).raft).toMatchObject({ role: "follower", leader: "a" });
  }
  for (let k = 0; k < 300; k += 1) {
    for (const id of ["b", "c"]) {
      cluster.get(id).nowMs += 1;
      cluster.step(id, { type: "wake" });
    }
    cluster.settle();
  }
  expect(cluster.leader().raft).toMatchObject({ established: true, term: 2 });
});

test("of two followers that ask at the same moment one gives way", () => {
  const cluster = killed();
  for (const id of ["b", "c"]) {
    cluster.step(id, { type: "peer-down", peer: "a", byPeer: true });
    cluster.get(id).nowMs += 100;
    cluster.step(id, { type: "wake" });
  }
  cluster.settle();
  expect(cluster.leader()).toMatchObject({ id: "b", raft: { established: true, term: 2 } });
});

test("granting a pre-vote postpones one's own try by 100 ms", () => {
  const cluster = killed();
  cluster.step("c", { type: "peer-down", peer: "a", byPeer: true });
  const { last } = cluster.get("c").raft;
  cluster.tell("c", "b", { type: "pre-vote", term: 2, last, closedLeader: "a" });
  expect(cluster.said("c", "pre-vote-reply").at(-1)).toMatchObject({ granted: true });
  expect(cluster.get("c").raft.nextDeadlineMs()).toBe(cluster.get("c").nowMs + 100);
});

test("a follower that did not see the close stays loyal, and one whose link stands again does too", () => {
  const cluster = killed();
  const { last } = cluster.get("c").raft;
  cluster.sent.length = 0;
  const question = { type: "pre-vote", term: 2, last, closedLeader: "a" } as const;
  cluster.tell("c", "b", question);
  cluster.step("c", { type: "peer-down", peer: "a", byPeer: false });
  cluster.tell("c", "b", question);
  cluster.step("c", { type: "peer-down", peer: "a", byPeer: true });
  cluster.step("c", { type: "peer-up", peer: "a", incarnation: incarnationOf("a") });
  expect(cluster.get("c").raft.nextDeadlineMs()).toBe(null);
  cluster.tell("c", "b", question);
  expect(cluster.said("c", "pre-vote-reply").map(({ granted }) => granted)).toEqual([false, false, false]);
});

test("an answer that waited for the disk is not said on a link that came after the question", () => {
  const cluster = new Cluster(["a", "b", "c"]);
  cluster.get("b").slowDisk = true;
  for (let k = 0; k < 60 && cluster.get("a").raft.role !== "candidate"; k += 1) {
    cluster.step("a", { type: "tick" });
    cluster.deliverSome(({ message }) => message.type.startsWith("pre-vote"));
  }
  cluster.deliverSome(({ to, message }) => to === "b" && message.type === "vote");
  cluster.replace("a", "0a".repeat(16));
  cluster.flush("b");
  cluster.settle();
  expect(cluster.get("b").raft.vote).toBe("a");
  expect(cluster.said("b", "vote-reply")).toEqual([]);
  expect(cluster.get("a").refused).toEqual([]);
});

test("quiet ticks do nothing but count, and the one after them does", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  const { raft, nowMs, wallMs } = cluster.get("b");
  const quiet = raft.quietTicks();
  expect(quiet).toBeGreaterThanOrEqual(9);
  for (let left = quiet; left > 0; left -= 1) {
    expect(raft.quietTicks()).toBe(left);
    raft.step({ type: "tick" }, { nowMs, wallMs });
    expect(raft.hasReady()).toBe(false);
    expect(raft.role).toBe("follower");
  }
  expect(raft.quietTicks()).toBe(0);
  cluster.step("b", { type: "tick" });
  expect(raft.role).toBe("precandidate");
});

test("no tick is quiet on a leader, nor while a follower waits for an answer", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  expect(cluster.get("a").raft.quietTicks()).toBe(0);
  cluster.isolate("b");
  cluster.propose("b", "x");
  expect(cluster.get("b").raft.quietTicks()).toBe(0);
  cluster.isolate("c");
  cluster.read("c");
  expect(cluster.get("c").raft.quietTicks()).toBe(0);
});

test("a leader is steady while a quorum was heard of late, its disk is done and nobody takes over", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  const { raft } = cluster.get("a");
  expect(raft.isSteady()).toBe(true);
  cluster.get("a").slowDisk = true;
  cluster.propose("a", "x");
  expect(raft.isSteady()).toBe(false);
  cluster.flush("a");
  cluster.settle();
  expect(raft.isSteady()).toBe(true);
  cluster.isolate("a");
  let ticks = 0;
  for (; raft.isSteady(); ticks += 1) cluster.step("a", { type: "tick" });
  expect(raft.role).toBe("leader");
  expect(ticks).toBe(9);
  cluster.step("a", { type: "tick" });
  expect(raft.role).toBe("follower");
});
