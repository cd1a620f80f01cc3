import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

const trio = ["a", "b", "c"];

/** Led by `a`, with one command applied everywhere. */
function led(): Cluster {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.propose("a", "x");
  cluster.settle();
  cluster.tick();
  return cluster;
}

test("the target leads after one round, without a pre-vote, and the others need not forget their leader first", () => {
  const cluster = led();
  const asked = cluster.said("b", "pre-vote").length;
  cluster.step("a", { type: "transfer", to: "b" });
  expect(cluster.said("a", "timeout-now")).toEqual([
    { type: "timeout-now", term: 1, last: { index: 2, term: 1 } },
  ]);
  cluster.settle();
  expect(cluster.said("b", "pre-vote").length).toBe(asked);
  for (const id of trio) expect(cluster.get(id).raft).toMatchObject({ leader: "b", term: 2 });
  cluster.propose("b", "y");
  cluster.settle();
  cluster.tick();
  for (const id of trio) expect(cluster.commands(id)).toEqual(["x", "y"]);
});

test("without a named target it goes to the peer whose log is closest", () => {
  const cluster = led();
  cluster.cut("a", "b");
  cluster.propose("a", "y");
  cluster.settle();
  cluster.heal();
  cluster.step("a", { type: "transfer", to: null });
  cluster.settle();
  expect(cluster.leader().id).toBe("c");
});

test.each([
  [1, "b"],
  [2, "c"],
])(
  "of equal logs the smallest id is taken, unless it was silent for more than a round: for %i ticks",
  (ticks, heir) => {
    const cluster = led();
    cluster.cut("a", "b");
    cluster.tick(ticks);
    cluster.step("a", { type: "transfer", to: null });
    const asked = cluster.sent.filter(({ message }) => message.type === "timeout-now");
    expect(asked.map(({ to }) => to)).toEqual([heir]);
  },
);

test("a target that lags is served first, and nothing new is taken meanwhile", () => {
  const cluster = led();
  cluster.cut("a", "b");
  cluster.propose("a", "y");
  cluster.settle();
  cluster.step("a", { type: "transfer", to: "b" });
  const late = cluster.propose("a", "too late");
  expect(cluster.get("a").dropped).toEqual([{ firstId: late, count: 1, certain: true }]);
  expect(cluster.said("a", "timeout-now")).toEqual([]);
  cluster.heal();
  cluster.tick(2);
  expect(cluster.leader().id).toBe("b");
  expect(cluster.commands("b")).toEqual(["x", "y"]);
});

test("it waits until everything is committed, so that no proposal is left in doubt", () => {
  const cluster = led();
  cluster.get("c").slowDisk = true;
  cluster.get("a").slowDisk = true;
  cluster.propose("a", "y");
  cluster.settle();
  cluster.step("a", { type: "transfer", to: "b" });
  cluster.settle();
  expect(cluster.said("a", "timeout-now")).toEqual([]);
  cluster.flush("a");
  cluster.settle();
  expect(cluster.said("a", "timeout-now").length).toBe(1);
  expect(cluster.get("a").dropped).toEqual([]);
});

test("a request that is lost is sent again with the next tick", () => {
  const cluster = led();
  cluster.step("a", { type: "transfer", to: "b" });
  cluster.deliverSome(() => false);
  cluster.wire = [];
  cluster.tick(1, ["a"]);
  expect(cluster.leader().id).toBe("b");
});

test("after an election timeout it is given up, and the leader takes proposals again", () => {
  const cluster = led();
  cluster.cut("a", "b");
  cluster.step("a", { type: "transfer", to: "b" });
  cluster.tick(9);
  expect(cluster.get("a").raft.handsOver()).toBe(true);
  cluster.tick(1);
  expect(cluster.get("a").raft).toMatchObject({ role: "leader" });
  expect(cluster.get("a").raft.handsOver()).toBe(false);
  expect(cluster.get("a").transfers).toEqual(["aborted"]);
  cluster.propose("a", "y");
  cluster.settle();
  expect(cluster.commands("a")).toEqual(["x", "y"]);
});

test.each([
  ["to itself", "a", "a"],
  ["to a stranger", "a", "z"],
  ["by a follower", "b", "c"],
])("a transfer %s is refused", (_, by, to) => {
  const cluster = led();
  cluster.step(by, { type: "transfer", to });
  expect(cluster.get(by).transfers).toEqual(["refused"]);
  expect(cluster.get("a").raft.role).toBe("leader");
  expect(cluster.get("a").raft.handsOver()).toBe(false);
});

test("a second transfer does not disturb the first", () => {
  const cluster = led();
  cluster.cut("a", "b");
  cluster.step("a", { type: "transfer", to: "b" });
  cluster.step("a", { type: "transfer", to: "c" });
  expect(cluster.get("a").transfers).toEqual(["refused"]);
  cluster.settle();
  expect(cluster.leader().id).toBe("a");
});

test.each([
  ["of an earlier term", { term: 0, last: { index: 2, term: 1 } }],
  ["about a log that went on", { term: 1, last: { index: 1, term: 1 } }],
  ["about a log it does not have", { term: 1, last: { index: 3, term: 1 } }],
])("a follower declines a request %s", (_, request) => {
  const cluster = led();
  cluster.tell("b", "a", { type: "timeout-now", ...request });
  cluster.settle();
  expect(cluster.get("b").raft).toMatchObject({ role: "follower", term: 1, leader: "a" });
});

test("a follower declines a request of somebody who does not lead", () => {
  const cluster = led();
  cluster.tell("b", "c", { type: "timeout-now", term: 1, last: { index: 2, term: 1 } });
  cluster.settle();
  expect(cluster.get("b").raft).toMatchObject({ role: "follower", term: 1, leader: "a" });
  expect(cluster.get("b").refused).toEqual([{ from: "c", reason: "second-leader" }]);
});

test("a target campaigns only with what its disk holds", () => {
  const cluster = led();
  cluster.get("b").slowDisk = true;
  cluster.propose("a", "y");
  cluster.settle();
  cluster.tell("b", "a", { type: "timeout-now", term: 1, last: { index: 3, term: 1 } });
  expect(cluster.get("b").raft.role).toBe("follower");
});

test("the vote of a hand-over needs an up-to-date log like any other", () => {
  const cluster = led();
  cluster.isolate("b");
  cluster.propose("a", "y");
  cluster.settle();
  cluster.heal();
  cluster.tell("c", "b", { type: "vote", term: 2, last: { index: 2, term: 1 }, transfer: true });
  expect(cluster.said("c", "vote-reply").at(-1)).toMatchObject({ granted: false });
});
