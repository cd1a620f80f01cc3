import { expect, test } from "vitest";
import type { ReadRequest } from "../../src/core/message.ts";
import { Cluster } from "./cluster.ts";

const trio = ["a", "b", "c"];

function led(): Cluster {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.tick();
  return cluster;
}

/** Takes the one request that is under way off the wire. */
function takeRequest(cluster: Cluster): ReadRequest {
  const [message, ...others] = cluster.wire.splice(0).map((parcel) => parcel.message);
  if (message?.type !== "read-request" || others.length > 0) throw new Error("no request alone");
  return message;
}

test("reads on leader and followers get the commit index once a majority has confirmed the leader", () => {
  const cluster = led();
  cluster.propose("a", "x");
  cluster.settle();
  const reads = trio.map((id) => [id, cluster.read(id)] as const);
  for (const [id] of reads) expect(cluster.get(id).reads).toEqual([]);
  cluster.settle();
  for (const [id, read] of reads) expect(cluster.get(id).reads).toEqual([{ id: read, index: 2 }]);
});

test("reads that arrive while a round is under way share the next one", () => {
  const cluster = led();
  cluster.sent.length = 0;
  const reads = [1, 2, 3, 4].map(() => cluster.read("a"));
  expect(cluster.said("a", "heartbeat").length).toBe(2);
  cluster.settle();
  expect(cluster.said("a", "heartbeat").length).toBe(4);
  expect(cluster.get("a").reads.map(({ id }) => id)).toEqual(reads);
});

test("a read before the first commit of the term waits for it", () => {
  const cluster = new Cluster(trio);
  for (const id of trio) cluster.get(id).slowDisk = true;
  cluster.elect("a");
  cluster.flush("a");
  cluster.settle();
  cluster.flush("b");
  cluster.settle();
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", established: false });
  const read = cluster.read("a");
  cluster.step("a", { type: "tick" });
  cluster.settle();
  expect(cluster.get("a").reads).toEqual([]);
  cluster.flush("a");
  cluster.flush("b");
  cluster.settle();
  expect(cluster.get("a").reads).toEqual([{ id: read, index: 1 }]);
});

test("a deposed leader confirms no read", () => {
  const cluster = led();
  cluster.isolate("a");
  cluster.tick(30, ["b", "c"]);
  cluster.propose(cluster.leader().id, "x");
  cluster.settle();
  const read = cluster.read("a");
  cluster.settle();
  expect(cluster.get("a").reads).toEqual([]);
  cluster.heal();
  cluster.tick(2);
  expect(cluster.get("a").reads).toEqual([{ id: read, index: null }]);
});

test("answers to an earlier round, delivered late and twice, confirm nothing", () => {
  const cluster = led();
  cluster.step("a", { type: "tick" });
  cluster.deliverSome(({ to }) => to !== "a");
  const replies = cluster.wire.splice(0);
  cluster.isolate("a");
  cluster.read("a");
  cluster.settle();
  cluster.heal();
  for (const parcel of [...replies, ...replies]) cluster.deliver(parcel);
  expect(cluster.get("a").reads).toEqual([]);
});

test("an answer to a round that never was confirms nothing", () => {
  const cluster = led();
  cluster.isolate("a");
  cluster.read("a");
  cluster.heal();
  cluster.tell("a", "b", { type: "heartbeat-reply", term: 1, round: 1000, pledgeMs: 0 });
  expect(cluster.get("a").reads).toEqual([]);
  expect(cluster.get("a").refused).toEqual([{ from: "b", reason: "round-never-begun" }]);
});

test("a follower without a leader refuses, and so does one that may not ask", () => {
  const cluster = new Cluster(trio);
  const first = cluster.read("b");
  cluster.elect("a");
  cluster.tick();
  const second = cluster.read("b", true);
  expect(cluster.get("b").reads).toEqual([
    { id: first, index: null },
    { id: second, index: null },
  ]);
});

test("a read that the leader never answers is refused: by its closed link, its successor, or time", () => {
  const endings: ((cluster: Cluster) => void)[] = [
    (cluster) => cluster.step("b", { type: "peer-down", peer: "a", byPeer: false }),
    (cluster) =>
      cluster.tell("b", "c", {
        type: "append",
        term: 2,
        prev: { index: 1, term: 1 },
        commit: 1,
        entries: [],
      }),
    (cluster) => {
      for (let k = 0; k < 10; k += 1) {
        cluster.step("b", { type: "tick" });
        cluster.tell("b", "a", { type: "heartbeat", term: 1, commit: 1, round: 1 });
      }
    },
  ];
  for (const end of endings) {
    const cluster = led();
    const read = cluster.read("b");
    cluster.wire.length = 0;
    end(cluster);
    expect(cluster.get("b").reads).toEqual([{ id: read, index: null }]);
  }
});

test("a read that is refused before the leader was asked is not asked for later", () => {
  const cluster = led();
  cluster.hush("b");
  const read = cluster.read("b");
  cluster.step("b", { type: "peer-down", peer: "a", byPeer: false });
  cluster.speak("b");
  cluster.settle();
  cluster.tick();
  cluster.settle();
  expect(cluster.get("b").reads).toEqual([{ id: read, index: null }]);
  expect(cluster.said("b", "read-request")).toEqual([]);
});

/** A follower whose disk hangs with the term of a new leader, which it knows. */
function hung(): Cluster {
  const cluster = led();
  cluster.get("c").slowDisk = true;
  cluster.crash("a");
  cluster.restart("a");
  cluster.elect("b");
  cluster.tick();
  const { term, leader, durable } = cluster.get("c").raft;
  expect([term, leader, durable, cluster.leader().raft.commit]).toEqual([2, "b", 1, 2]);
  return cluster;
}

test("reads taken up while the term is not durable are asked for together, once it is", () => {
  const cluster = hung();
  cluster.sent.length = 0;
  const reads = [1, 2, 3].map(() => cluster.read("c"));
  cluster.tick(2);
  expect(cluster.said("c", "read-request")).toEqual([]);
  cluster.finishTask("c");
  cluster.settle();
  expect(cluster.said("c", "read-request")).toHaveLength(1);
  expect(cluster.get("c").reads).toEqual(reads.map((id) => ({ id, index: 2 })));
});

test("each of them is refused in its time, and the leader is not asked for those that were", () => {
  const cluster = hung();
  cluster.sent.length = 0;
  const first = cluster.read("c");
  cluster.tick(4);
  const second = cluster.read("c");
  cluster.tick(5);
  expect(cluster.get("c").reads).toEqual([]);
  cluster.tick();
  expect(cluster.get("c").reads).toEqual([{ id: first, index: null }]);
  cluster.tick(4);
  expect(cluster.get("c").reads.slice(1)).toEqual([{ id: second, index: null }]);
  cluster.finishTask("c");
  expect(cluster.said("c", "read-request")).toEqual([]);
});

test("what waits for a disk that hangs does not grow with time, and no more leaves when it is back", () => {
  const cluster = hung();
  for (let k = 0; k < 400; k += 1) {
    cluster.read("c");
    cluster.propose("b", "x");
    cluster.tick();
  }
  cluster.wire = [];
  cluster.sent.length = 0;
  cluster.finishTask("c");
  const said = cluster.sent.filter(({ from, message }) => from === "c" && message.type !== "heartbeat-reply");
  expect(said.map(({ message }) => message.type)).toEqual(["append-reply", "read-request"]);
});

test("an answer that a restarted follower did not ask for in this life is ignored", () => {
  const cluster = led();
  cluster.read("b");
  cluster.deliverSome(({ to }) => to === "a");
  cluster.deliverSome(({ message }) => message.type === "heartbeat");
  cluster.deliverSome(({ message }) => message.type === "heartbeat-reply");
  const answers = cluster.wire.splice(0).filter(({ message }) => message.type === "read-reply");
  expect(answers.length).toBe(1);
  cluster.crash("b");
  cluster.restart("b");
  cluster.settle();
  cluster.tick();
  cluster.get("b").reads.length = 0;
  cluster.read("b");
  for (const parcel of answers) cluster.deliver(parcel);
  expect(cluster.get("b").reads).toEqual([]);
});

test("the answer to a read answers those that were asked before it, though the leader never heard of them", () => {
  const cluster = led();
  const lost = cluster.read("b");
  takeRequest(cluster);
  const heard = cluster.read("b");
  const request = takeRequest(cluster);
  const waiting = cluster.read("b");
  takeRequest(cluster);
  cluster.tell("a", "b", request);
  cluster.settle();
  expect(cluster.get("b").reads).toEqual([
    { id: lost, index: 1 },
    { id: heard, index: 1 },
  ]);
  cluster.step("b", { type: "peer-down", peer: "a", byPeer: false });
  expect(cluster.get("b").reads.at(-1)).toEqual({ id: waiting, index: null });
});

test("a refusal is one of a single batch", () => {
  const cluster = led();
  const first = cluster.read("b");
  const { id: firstAsked } = takeRequest(cluster);
  const second = cluster.read("b");
  const { id: secondAsked } = takeRequest(cluster);
  cluster.tell("b", "a", { type: "read-reply", term: 1, id: secondAsked, index: null });
  expect(cluster.get("b").reads).toEqual([{ id: second, index: null }]);
  cluster.tell("b", "a", { type: "read-reply", term: 1, id: firstAsked, index: 1 });
  expect(cluster.get("b").reads.at(-1)).toEqual({ id: first, index: 1 });
});

test("reads beyond the bound are refused", () => {
  const cluster = new Cluster(trio, { limits: { maxReads: 2 } });
  cluster.elect("a");
  cluster.tick();
  for (const id of ["a", "b"]) {
    const reads = [1, 2, 3].map(() => cluster.read(id));
    expect(cluster.get(id).reads).toEqual([{ id: reads[2], index: null }]);
    cluster.settle();
  }
});

test("a round that leases hang on is begun where other reads are refused, in an eighth beyond their bound", () => {
  const cluster = new Cluster(trio, { limits: { maxReads: 8 } });
  cluster.elect("a");
  cluster.tick();
  const others = Array.from({ length: 9 }, () => cluster.read("a"));
  const refused = { id: others[8], index: null };
  expect(cluster.get("a").reads).toEqual([refused]);
  const first = cluster.read("a", true);
  const second = cluster.read("a", true);
  expect(cluster.get("a").reads).toEqual([refused, { id: second, index: null }]);
  cluster.settle();
  expect(cluster.get("a").reads.at(-1)).toEqual({ id: first, index: 1 });
});
