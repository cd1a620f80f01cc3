import { expect, test } from "vitest";
import { bytes, Cluster } from "./cluster.ts";
import type { Parcel } from "./parcel.ts";

const trio = ["a", "b", "c"];

function led(options: ConstructorParameters<typeof Cluster>[1] = {}): Cluster {
  const cluster = new Cluster(trio, options);
  cluster.elect("a");
  cluster.tick();
  return cluster;
}

test("a leader says at once which entries its proposals became", () => {
  const cluster = led();
  const firstId = cluster.propose("a", "1", "2");
  expect(cluster.get("a").placed).toEqual([{ firstId, count: 2, firstIndex: 2, term: 1 }]);
});

test("a follower hands proposals over in one ordered stream and learns where they went", () => {
  const cluster = led();
  const first = cluster.propose("b", "1", "2");
  const second = cluster.propose("b", "3");
  cluster.settle();
  expect(cluster.get("b").placed).toEqual([
    { firstId: first, count: 2, firstIndex: 2, term: 1 },
    { firstId: second, count: 1, firstIndex: 4, term: 1 },
  ]);
  cluster.tick();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["1", "2", "3"]);
});

test("without a leader a proposal is certainly dropped", () => {
  const cluster = new Cluster(trio);
  const firstId = cluster.propose("b", "1");
  expect(cluster.get("b").dropped).toEqual([{ firstId, count: 1, certain: true }]);
});

test("a proposal for one term only is never forwarded, nor appended in another", () => {
  const cluster = led();
  const payloads = [bytes("x")];
  cluster.step("b", { type: "propose", firstId: 1, payloads, ifTerm: 1, isReserved: false });
  cluster.step("a", { type: "propose", firstId: 2, payloads, ifTerm: 2, isReserved: false });
  cluster.step("a", { type: "propose", firstId: 3, payloads, ifTerm: 1, isReserved: false });
  expect(cluster.get("b").dropped).toEqual([{ firstId: 1, count: 1, certain: true }]);
  expect(cluster.get("a").dropped).toEqual([{ firstId: 2, count: 1, certain: true }]);
  expect(cluster.get("a").placed).toMatchObject([{ firstId: 3 }]);
});

test("what was handed to a leader that is replaced may or may not be in the log", () => {
  const cluster = led();
  const firstId = cluster.propose("b", "1");
  cluster.wire.length = 0;
  cluster.tell("b", "c", { type: "append", term: 2, prev: { index: 1, term: 1 }, commit: 1, entries: [] });
  expect(cluster.get("b").dropped).toEqual([{ firstId, count: 1, certain: false }]);
});

test("what was handed over a link that broke, or is never answered, may or may not be in the log", () => {
  const broken = led();
  broken.propose("b", "1");
  broken.step("b", { type: "peer-down", peer: "a", byPeer: false });
  expect(broken.get("b").dropped).toMatchObject([{ certain: false }]);
  const silent = led();
  silent.propose("b", "1");
  silent.wire.length = 0;
  for (let k = 0; k < 20; k += 1) {
    silent.step("b", { type: "tick" });
    silent.tell("b", "a", { type: "heartbeat", term: 1, commit: 1, round: 1 });
  }
  expect(silent.get("b").dropped).toMatchObject([{ certain: false }]);
});

test("what reaches a node that leads no more is certainly dropped", () => {
  const cluster = led();
  const firstId = cluster.propose("b", "1");
  cluster.get("a").slowDisk = true;
  for (let k = 0; k < 12; k += 1) cluster.step("a", { type: "tick" });
  expect(cluster.get("a").raft.role).toBe("follower");
  cluster.deliverSome(({ message }) => message.type === "forward");
  cluster.deliverSome(({ message }) => message.type === "forward-reply");
  expect(cluster.get("b").dropped).toEqual([{ firstId, count: 1, certain: true }]);
});

test("a leader that steps down leaves the fate of its uncommitted proposals open, and settles each once", () => {
  const cluster = led();
  const decided = cluster.propose("a", "1");
  cluster.settle();
  cluster.isolate("a");
  const open = cluster.propose("a", "2", "3");
  cluster.tick(11, ["a"]);
  expect(cluster.get("a").dropped).toEqual([{ firstId: open, count: 2, certain: false }]);
  expect(cluster.get("a").placed.map(({ firstId }) => firstId)).toEqual([decided, open]);
});

test("a forwarded proposal that the network repeats is appended once", () => {
  const cluster = led();
  cluster.propose("b", "1");
  const forward = cluster.wire.filter(({ message }) => message.type === "forward");
  for (const parcel of [...forward, ...forward]) cluster.deliver(parcel);
  cluster.settle();
  cluster.tick();
  expect(cluster.commands("c")).toEqual(["1"]);
  expect(cluster.get("b").dropped).toEqual([]);
});

test("what a follower handed over first never comes behind what it handed over later, nor in a later term", () => {
  const cluster = led();
  const held = (): Parcel[] => cluster.wire.splice(0).filter(({ message }) => message.type === "forward");
  cluster.propose("b", "first");
  const late = held();
  expect(late.length).toBe(1);
  cluster.link("a", "b");
  cluster.propose("b", "second");
  cluster.settle();
  cluster.propose("b", "third");
  const lost = held();
  for (const parcel of late) cluster.deliver(parcel);
  for (const leader of ["c", "a"]) {
    cluster.forget();
    cluster.elect(leader);
  }
  expect(cluster.get("a").raft.role).toBe("leader");
  for (const parcel of lost) cluster.deliver(parcel);
  cluster.propose("b", "fourth");
  cluster.settle();
  cluster.tick();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["second", "fourth"]);
});

test("a follower's stream starts anew with its link", () => {
  const cluster = led();
  cluster.propose("b", "1", "2", "3");
  cluster.settle();
  for (let life = 0; life < 8; life += 1) {
    cluster.crash("b");
    cluster.restart("b");
    cluster.settle();
    cluster.tick();
    cluster.propose("b", `life ${life}`);
    cluster.settle();
  }
  expect(cluster.commands("a").length).toBe(11);
});

test("a follower hands over fewer bytes at a time than a leader takes up", () => {
  const cluster = led({ limits: { maxUncommittedBytes: 100, maxForwardedBytes: 40 } });
  cluster.isolate("c");
  for (const [id, most] of [
    ["a", 100],
    ["b", 40],
  ] as const) {
    cluster.propose(id, "x".repeat(30));
    expect(cluster.get(id).raft.admits(1, most - 30)).toBe(true);
    expect(cluster.get(id).raft.admits(1, most - 29)).toBe(false);
    const firstId = cluster.propose(id, "x".repeat(most - 29));
    expect(cluster.get(id).dropped).toEqual([{ firstId, count: 1, certain: true }]);
    cluster.settle();
    // Alone, it goes whatever its size: a leader takes the largest proposal there is.
    expect(cluster.get("b").raft.admits(1, 1000)).toBe(true);
  }
});

test("a leader whose disk lags behind a majority takes up no more than it may hold in memory", () => {
  const cluster = led({ limits: { maxUnstableBytes: 300, cacheBytes: 0 } });
  const { raft, dropped } = cluster.get("a");
  cluster.get("a").slowDisk = true;
  for (let k = 0; k < 20; k += 1) {
    cluster.propose("a", "x".repeat(30));
    cluster.propose("b", "y".repeat(30));
    cluster.settle();
  }
  expect(raft.commit).toBe(raft.last.index);
  expect(raft.logBytes).toBeGreaterThan(300);
  expect(raft.logBytes).toBeLessThan(500);
  expect(dropped.length).toBeGreaterThan(10);
  expect([...dropped, ...cluster.get("b").dropped].every(({ certain }) => certain)).toBe(true);
  cluster.get("a").slowDisk = false;
  cluster.flush("a");
  cluster.propose("b", "after");
  cluster.settle();
  cluster.tick(2);
  expect(cluster.commands("a").at(-1)).toBe("after");
});

test("a follower whose disk lags puts off what it may not hold, and is sent it again", () => {
  const cluster = led({ limits: { maxUnstableBytes: 300, cacheBytes: 0 } });
  const { raft } = cluster.get("b");
  cluster.get("b").slowDisk = true;
  for (let k = 0; k < 30; k += 1) {
    cluster.propose("a", `${k} ${"x".repeat(30)}`);
    cluster.settle();
    expect(raft.logBytes).toBeLessThan(500);
  }
  expect(cluster.commands("c")).toHaveLength(30);
  cluster.get("b").slowDisk = false;
  cluster.flush("b");
  cluster.tick(8);
  expect(cluster.commands("b")).toEqual(cluster.commands("a"));
});

test("load beyond the bounds is refused at once, on leader and follower, and admitted again later", () => {
  const cluster = led({
    limits: { maxUncommittedEntries: 3, maxUncommittedBytes: 100, maxForwardedBytes: 100 },
  });
  cluster.isolate("c");
  for (const id of ["a", "b"]) {
    cluster.propose(id, "1", "2");
    expect(cluster.get(id).raft.admits(1, 10)).toBe(true);
    expect(cluster.get(id).raft.admits(2, 10)).toBe(false);
    expect(cluster.get(id).raft.admits(1, 99)).toBe(false);
    const firstId = cluster.propose(id, "3", "4");
    expect(cluster.get(id).dropped).toEqual([{ firstId, count: 2, certain: true }]);
    cluster.settle();
    expect(cluster.get(id).raft.admits(3, 50)).toBe(true);
  }
});

test("a leader admits an eighth more of what frees something, and of what is handed to it none", () => {
  const cluster = led({ limits: { maxUncommittedEntries: 8 } });
  cluster.isolate("c");
  cluster.get("b").slowDisk = true;
  cluster.propose("a", "1", "2", "3", "4", "5", "6", "7", "8");
  const more = (id: string, isReserved: boolean) =>
    cluster.get(id).raft.admits(1, 1, isReserved) ? "admitted" : "refused";
  expect([more("a", false), more("a", true), more("b", false)]).toEqual(["refused", "admitted", "admitted"]);
  const payloads = [bytes("x")];
  cluster.step("a", { type: "propose", firstId: 101, payloads, ifTerm: null, isReserved: true });
  expect(cluster.get("a").placed.at(-1)).toMatchObject({ firstId: 101 });
  cluster.step("a", { type: "propose", firstId: 102, payloads, ifTerm: null, isReserved: true });
  cluster.step("b", { type: "propose", firstId: 103, payloads, ifTerm: null, isReserved: true });
  cluster.settle();
  expect(cluster.get("a").dropped).toEqual([{ firstId: 102, count: 1, certain: true }]);
  expect(cluster.get("b").dropped).toEqual([{ firstId: 103, count: 1, certain: true }]);
});
