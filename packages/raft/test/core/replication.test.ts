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

/** Gives a member a log whose entry `k + 1` has term `terms[k]`, as earlier leaders left it. */
function seed(cluster: Cluster, id: string, terms: readonly number[]): void {
  const from = cluster.ids.find((other) => other !== id) ?? "";
  let prev = zero;
  for (const [k, term] of terms.entries()) {
    cluster.tell(id, from, append(term, prev, [entry(k + 1, term)]));
    cluster.forget([id]);
    prev = { index: k + 1, term };
  }
  cluster.wire.length = 0;
}

function led(ids: readonly string[] = trio): Cluster {
  const cluster = new Cluster(ids);
  cluster.elect("a");
  cluster.tick();
  return cluster;
}

test("a proposal is applied everywhere, in order", () => {
  const cluster = led();
  cluster.propose("a", "1", "2");
  cluster.propose("a", "3");
  cluster.settle();
  cluster.tick();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1", "2", "3"]);
});

test("entries leave for the followers before they are durable on the leader, and count there only afterwards", () => {
  const cluster = led();
  const { raft } = cluster.get("a");
  cluster.get("a").slowDisk = true;
  cluster.isolate("c");
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.get("b").raft.last.index).toBe(2);
  expect(raft.commit).toBe(1);
  cluster.flush("a");
  expect(raft.commit).toBe(2);
});

test("what a majority of others holds is committed without the leader's own disk, and applied only with it", () => {
  const cluster = led();
  cluster.get("a").slowDisk = true;
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.get("a").raft).toMatchObject({ commit: 2, applied: 1 });
  cluster.flush("a");
  expect(cluster.get("a").raft.applied).toBe(2);
});

test("a follower acknowledges only what its disk holds", () => {
  const cluster = led();
  cluster.get("b").slowDisk = true;
  cluster.isolate("c");
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.get("a").raft.commit).toBe(1);
  expect(cluster.get("b").raft.last.index).toBe(2);
  cluster.flush("b");
  cluster.settle();
  expect(cluster.get("a").raft.commit).toBe(2);
});

test("while one write is under way everything else joins the next", () => {
  const cluster = led();
  const member = cluster.get("a");
  member.slowDisk = true;
  for (const text of ["1", "2", "3", "4"]) cluster.propose("a", text);
  expect(member.task?.entries.length).toBe(1);
  cluster.finishTask("a");
  expect(member.task?.entries.length).toBe(3);
});

/** Elects `id` with the votes of `voters` alone; its first entries stay on the wire. */
function elected(cluster: Cluster, id: string, voters: readonly string[]): void {
  cluster.heal();
  for (const other of cluster.ids) if (other !== id && !voters.includes(other)) cluster.cut(id, other);
  cluster.forget(voters);
  cluster.wire.length = 0;
  for (let k = 0; k < 60 && cluster.get(id).raft.role !== "leader"; k += 1) {
    cluster.step(id, { type: "tick" });
    for (let round = 0; round < 4; round += 1)
      cluster.deliverSome(({ message }) => message.type.includes("vote"));
  }
  expect(cluster.get(id).raft.role).toBe("leader");
}

test("figure 8: an entry of an earlier term on a majority is not committed, and may still be replaced", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"], { limits: { maxBatchEntries: 1 } });
  cluster.elect("a");
  cluster.tick();
  for (const id of ["c", "d", "e"]) cluster.cut("a", id);
  cluster.propose("a", "old");
  cluster.settle();
  expect(cluster.terms("b")).toEqual([1, 1]);
  cluster.crash("a");
  elected(cluster, "e", ["c", "d"]);
  cluster.crash("e");
  cluster.restart("a");
  elected(cluster, "a", ["b", "c"]);
  while (cluster.get("c").raft.last.index < 2) cluster.deliverSome(() => true);
  cluster.deliverSome(({ from, message }) => from === "c" && message.type === "append-reply");
  expect(["a", "b", "c"].map((id) => cluster.get(id).raft.termAt(2))).toEqual([1, 1, 1]);
  expect(cluster.get("a").raft).toMatchObject({ term: 3, commit: 1 });
  expect(cluster.get("a").raft.matchOf("c")).toBe(2);
  cluster.crash("a");
  cluster.restart("e");
  elected(cluster, "e", ["c", "d"]);
  cluster.heal();
  cluster.restart("a");
  cluster.tick(5);
  for (const id of cluster.ids) expect(cluster.get(id).state).toEqual(["1:noop", "2:noop", "4:noop"]);
});

test("figure 8, by the letter: copies of an earlier term do not commit it", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"]);
  seed(cluster, "a", [1, 2]);
  seed(cluster, "b", [1, 2]);
  for (let k = 0; k < 20; k += 1) cluster.step("a", { type: "tick" });
  for (const id of ["b", "c"]) cluster.tell("a", id, { type: "pre-vote-reply", term: 3, granted: true });
  for (const id of ["b", "c"]) cluster.tell("a", id, { type: "vote-reply", term: 3, granted: true });
  expect(cluster.terms("a")).toEqual([1, 2, 3]);
  const reply = { type: "append-reply", term: 3, prevIndex: 1, hint: null } as const;
  for (const id of ["b", "c", "d"]) cluster.tell("a", id, { ...reply, match: 2 });
  expect(cluster.get("a").raft.commit).toBe(0);
  for (const id of ["b", "c"]) cluster.tell("a", id, { ...reply, match: 3 });
  expect(cluster.get("a").raft.commit).toBe(3);
});

test("figure 7: a leader brings every kind of divergent log to its own", () => {
  const logs: Record<string, readonly number[]> = {
    a: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
    b: [1, 1, 1, 4, 4, 5, 5, 6, 6],
    c: [1, 1, 1, 4],
    d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    e: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    f: [1, 1, 1, 4, 4, 4, 4],
    g: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  };
  const ids = Object.keys(logs);
  const cluster = new Cluster(ids);
  for (const id of ids) seed(cluster, id, logs[id] ?? []);
  cluster.tell("a", "b", append(7, { index: 10, term: 6 }, []));
  cluster.wire.length = 0;
  cluster.forget();
  cluster.wire.length = 0;
  for (let k = 0; k < 6 && cluster.get("a").raft.role !== "leader"; k += 1) cluster.tick(10, ["a"]);
  expect(cluster.get("a").raft.role).toBe("leader");
  cluster.tick(3);
  for (const id of ids) expect(cluster.terms(id)).toEqual(cluster.terms("a"));
  expect(cluster.get("g").raft.commit).toBe(cluster.get("a").raft.commit);
});

test("a long divergent tail is skipped term by term, not entry by entry", () => {
  const cluster = new Cluster(trio);
  seed(cluster, "b", [1, ...Array.from({ length: 60 }, () => 2)]);
  seed(cluster, "a", [1, ...Array.from({ length: 60 }, () => 3)]);
  cluster.cut("a", "c");
  cluster.sent.length = 0;
  cluster.elect("a");
  for (let k = 0; k < 6 && cluster.get("a").raft.role !== "leader"; k += 1) cluster.tick(10, ["a"]);
  cluster.tick(2);
  expect(cluster.terms("b")).toEqual(cluster.terms("a"));
  expect(cluster.said("b", "append-reply").filter(({ match }) => match === null).length).toBeLessThanOrEqual(
    3,
  );
});

test("acknowledgements that come late, twice or in another order take nothing back", () => {
  const cluster = led();
  for (const text of ["1", "2", "3"]) cluster.propose("a", text);
  cluster.deliverSome(({ to }) => to !== "a");
  const replies = cluster.wire.splice(0).toReversed();
  for (const parcel of [...replies, ...replies]) cluster.deliver(parcel);
  cluster.settle();
  const stale = { type: "append-reply", term: 1, prevIndex: 0, match: null, hint: zero } as const;
  cluster.tell("a", "b", stale);
  cluster.tell("a", "b", { ...stale, match: 1, hint: null });
  expect(cluster.get("a").raft.matchOf("b")).toBe(4);
  cluster.propose("a", "4");
  cluster.settle();
  cluster.tick();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1", "2", "3", "4"]);
});

test("an acknowledgement of an earlier term does not count in this one", () => {
  const cluster = led();
  cluster.tell("a", "b", { type: "append-reply", term: 0, prevIndex: 0, match: 1, hint: null });
  cluster.isolate("a");
  cluster.propose("a", "x");
  cluster.tell("a", "b", { type: "append-reply", term: 0, prevIndex: 1, match: 2, hint: null });
  expect(cluster.get("a").raft.commit).toBe(1);
});

test("an acknowledgement beyond the log is not believed", () => {
  const cluster = led();
  cluster.tell("a", "b", { type: "append-reply", term: 1, prevIndex: 1, match: 99, hint: null });
  expect(cluster.get("a").raft.matchOf("b")).toBe(1);
  expect(cluster.get("a").refused).toEqual([{ from: "b", reason: "beyond-log" }]);
});

test("a follower that is told of more than it holds knows that its data went back in time", () => {
  const cluster = led();
  const heartbeat = { type: "heartbeat", term: 1, commit: 99, round: 1 } as const;
  expect(() => cluster.tell("b", "a", heartbeat)).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_DAMAGED" }),
  );
  expect(cluster.get("b").raft.commit).toBe(1);
});

test("of somebody that no configuration names it is not believed, and changes nothing", () => {
  const cluster = led();
  const { term, leader } = cluster.get("b").raft;
  const message = { type: "heartbeat", term: 9, commit: 99, round: 1 } as const;
  cluster.deliver({ from: "z", to: "b", incarnation: "f".repeat(32), message });
  expect(cluster.get("b").refused).toEqual([{ from: "z", reason: "beyond-log" }]);
  expect([cluster.get("b").raft.term, cluster.get("b").raft.leader]).toEqual([term, leader]);
  // With other data than the member of that name has, neither.
  cluster.deliver({ from: "a", to: "b", incarnation: "f".repeat(32), message });
  expect(cluster.get("b").refused).toHaveLength(2);
  expect(cluster.get("b").raft.term).toBe(term);
});

test("a heartbeat never commits what a follower has not acknowledged", () => {
  const cluster = led();
  cluster.get("c").slowDisk = true;
  cluster.propose("a", "x");
  cluster.settle();
  cluster.sent.length = 0;
  cluster.step("a", { type: "tick" });
  const beats = cluster.sent.filter(({ message }) => message.type === "heartbeat");
  expect(beats.map(({ to, message }) => [to, message.type === "heartbeat" ? message.commit : null])).toEqual([
    ["b", 2],
    ["c", 1],
  ]);
});

test("a stream whose messages were all lost starts again after a sign of life", () => {
  const cluster = new Cluster(trio, { limits: { inflightMessages: 2 } });
  cluster.elect("a");
  cluster.tick();
  cluster.cut("a", "c");
  for (let k = 0; k < 8; k += 1) {
    cluster.propose("a", `${k}`);
    cluster.settle();
  }
  cluster.heal();
  cluster.tick(4);
  expect(cluster.commands("c")).toEqual(cluster.commands("a"));
});

test("entries travel in bounded batches, and a larger one alone", () => {
  const cluster = new Cluster(trio, {
    limits: { maxBatchBytes: 100, maxBatchEntries: 2, inflightMessages: 100 },
  });
  cluster.elect("a");
  cluster.tick();
  cluster.sent.length = 0;
  cluster.propose("a", "1", "2", "3", "y".repeat(500), "5");
  const sizes = cluster.said("a", "append").map(({ entries }) => entries.length);
  expect(sizes).toEqual([2, 1, 1, 1, 2, 1, 1, 1]);
});

test("an entry truncated while its write was under way is not taken for the one that replaced it", () => {
  const cluster = new Cluster(trio);
  const member = cluster.get("c");
  member.slowDisk = true;
  cluster.tell("c", "a", append(1, zero, [entry(1, 1), entry(2, 1, "A")]));
  cluster.forget(["c"]);
  cluster.tell("c", "b", append(2, { index: 1, term: 1 }, [entry(2, 2, "B")]));
  cluster.forget(["c"]);
  cluster.tell("c", "a", append(3, { index: 1, term: 1 }, [entry(2, 3, "A")]));
  const under = member.task;
  expect(under?.entries.map(({ term }) => term)).toEqual([1, 1]);
  cluster.finishTask("c");
  expect(member.raft.durable).toBe(1);
  expect(cluster.said("c", "append-reply")).toEqual([]);
  expect(member.task).toMatchObject({ truncateFrom: 2, hardState: { term: 3, vote: null } });
  cluster.finishTask("c");
  expect(cluster.said("c", "append-reply")).toMatchObject([{ term: 3, match: 2 }]);
  expect(member.disk.entries.map(({ term }) => term)).toEqual([1, 3]);
});

test("stamps never go back, and never run faster than the monotonic clock, or slower than half of it", () => {
  const cluster = led();
  const member = cluster.get("a");
  const stamps: number[] = [];
  for (const [nowMs, wallMs] of [
    [100, 100],
    [100, -5000],
    [100, 900_000],
    [100, 100],
  ] as const) {
    member.nowMs += nowMs;
    member.wallMs += wallMs;
    cluster.propose("a", "x");
    stamps.push(member.disk.entries.at(-1)?.timeMs ?? Number.NaN);
  }
  const steps = stamps.slice(1).map((stamp, k) => stamp - (stamps[k] ?? Number.NaN));
  for (const step of steps) expect(step).toBeGreaterThanOrEqual(0);
  expect(Math.max(...steps)).toBeLessThanOrEqual(300);
  expect(steps.reduce((sum, step) => sum + step, 0)).toBeGreaterThanOrEqual(150);
});

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, k) => `${k}`);
}

test("members that were away are caught up with in small steps, one after the other and not one before the other", () => {
  const cluster = new Cluster(["a", "b", "c", "d", "e"], { limits: { maxBatchEntries: 4, cacheBytes: 100 } });
  cluster.elect("a");
  cluster.tick();
  for (const id of ["d", "e"]) cluster.isolate(id);
  cluster.propose("a", ...texts(100));
  cluster.settle();
  cluster.heal();
  cluster.get("a").mostReadBack = 0;
  cluster.sent.length = 0;
  cluster.step("a", { type: "tick" });
  // The leader hears all that has arrived before it speaks.
  for (let round = 0; round < 20; round += 1) {
    cluster.deliverSome(({ to }) => to !== "a");
    cluster.hush("a");
    cluster.deliverSome(({ to }) => to === "a");
    cluster.speak("a");
  }
  expect(cluster.get("a").mostReadBack).toBe(4);
  const full = cluster.sent.filter(
    ({ message }) => message.type === "append" && message.entries.length === 4,
  );
  expect(full.map(({ to }) => to).join("")).toContain("de".repeat(20));
  for (const id of ["d", "e"]) expect(cluster.get(id).raft.durable).toBe(cluster.get("a").raft.durable);
});

test("a restarted node has no more of its log read back at once than it applies at once", () => {
  const cluster = new Cluster(["a"], { limits: { maxApplyEntries: 4 } });
  cluster.elect("a");
  cluster.propose("a", ...texts(30));
  const before = cluster.commands("a");
  cluster.crash("a");
  cluster.get("a").mostReadBack = 0;
  cluster.restart("a");
  cluster.elect("a");
  expect(cluster.get("a").mostReadBack).toBe(4);
  expect(cluster.commands("a")).toEqual(before);
});

test("a restarted node applies its log again up to what was committed", () => {
  const cluster = led();
  cluster.propose("a", "1", "2");
  cluster.settle();
  cluster.tick(2);
  cluster.crash("b");
  cluster.restart("b");
  cluster.settle();
  cluster.tick(2);
  expect(cluster.commands("b")).toEqual(["1", "2"]);
});
