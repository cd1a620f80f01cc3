import type { Message, SoftState } from "@flotilla/raft";
import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { OnlineChecker } from "../src/online/checker.ts";
import { ElectionSpread } from "../src/online/election-spread.ts";
import { LeaderContact } from "../src/online/leader-contact.ts";
import { LeaderDisk } from "../src/online/leader-disk.ts";
import { NodeView } from "../src/online/node-view.ts";
import { PreVoteFirst } from "../src/online/pre-vote-first.ts";
import { PromptElection } from "../src/online/prompt-election.ts";
import { nobody } from "../src/online/quorums.ts";
import { SettledCalls } from "../src/online/settled-calls.ts";
import { TermRules } from "../src/online/term-rules.ts";
import { judged, recovered, soft, view } from "./_support/views.ts";

const last = { index: 0, term: 0 };

/** A clock that the test moves, and the pace of a cluster by it. */
function hours() {
  const time = { nowMs: 0 };
  return { time, pace: { electionTimeoutMs: 1000, heartbeatMs: 100, nowMs: () => time.nowMs } };
}

function open(id: string): NodeView {
  const node = view(id);
  node.recover(recovered(0, 0));
  return node;
}

function becomes(checker: OnlineChecker, node: NodeView, state: SoftState): void {
  checker.soft?.(node, state, last);
  node.soft = state;
}

const heartbeat = (term: number): Message => ({ type: "heartbeat", term, commit: 0, round: 1 });
const preVote = (term: number): Message => ({ type: "pre-vote", term, last, closedLeader: null });
const refusal = (term: number): Message => ({
  type: "append-reply",
  term,
  prevIndex: 0,
  match: null,
  hint: null,
});

test("TermRules notices a member that stays in its term although it heard of a later one", () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new TermRules(report, pace.nowMs));
  const a = open("a");
  a.inForce = [{ ...nobody, historyId: "h", voters: [{ id: "b", address: "b:1", incarnation: "new" }] }];
  becomes(checker, a, soft("leader", 1, "a"));
  checker.receive(a, "b", preVote(2), "");
  checker.receive(a, "b", { type: "pre-vote-reply", term: 2, granted: true }, "");
  checker.receive(a, "b", { type: "vote", term: 2, last, transfer: false }, "");
  time.nowMs = 200;
  checker.moment(a, 200);
  checker.receive(a, "b", refusal(9), "old");
  checker.receive(a, "b", refusal(2), "new");
  checker.moment(a, 250);
  expect(said).toEqual([]);
  checker.moment(a, 400);
  expect(said).toHaveLength(1);
  checker.receive(a, "b", refusal(3), "new");
  a.awakeSinceMs = 500;
  checker.moment(a, 600);
  expect(said).toHaveLength(1);
});

test("TermRules notices a candidate that does not follow the leader of its own term", () => {
  const { checker, said } = judged((report) => new TermRules(report, () => 0));
  const a = open("a");
  becomes(checker, a, soft("candidate", 4));
  checker.receive(a, "b", heartbeat(4), "");
  a.soft = soft("follower", 4, "b");
  checker.moment(a, 200);
  expect(said).toEqual([]);
  a.soft = soft("candidate", 5);
  checker.receive(a, "c", heartbeat(5), "");
  checker.moment(a, 200);
  expect(said).toHaveLength(1);
});

test("TermRules notices a member that does not tell the leader of an earlier term of the later one", () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new TermRules(report, pace.nowMs));
  const a = open("a");
  a.soft = soft("follower", 5, "c");
  a.hard = { term: 5, vote: null };
  const hear = (count: number): void => {
    for (let k = 0; k < count; k += 1) checker.receive(a, "b", heartbeat(4), "");
  };
  hear(9);
  checker.send(a, "b", refusal(5));
  hear(2);
  time.nowMs = 200;
  checker.moment(a, 200);
  a.writing.set("log", 100);
  hear(1);
  checker.moment(a, 300);
  a.writing.clear();
  checker.moment(a, 400);
  expect(said).toEqual([]);
  hear(3);
  time.nowMs = 500;
  checker.moment(a, 500);
  expect(said).toHaveLength(1);
});

test("PreVoteFirst notices a term that nobody would have voted in", () => {
  const { checker, said } = judged((report) => new PreVoteFirst(report));
  const a = open("a");
  checker.receive(a, "b", { type: "pre-vote-reply", term: 1, granted: true }, "");
  becomes(checker, a, soft("candidate", 1));
  checker.receive(a, "b", refusal(5), "");
  becomes(checker, a, soft("follower", 5));
  checker.receive(a, "b", { type: "timeout-now", term: 5, last }, "");
  becomes(checker, a, soft("candidate", 6));
  expect(said).toEqual([]);
  checker.receive(a, "b", preVote(7), "");
  becomes(checker, a, soft("precandidate", 7));
  expect(said).toHaveLength(1);
});

test("PromptElection notices a member that waits on and on", () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new PromptElection(report, pace));
  const a = open("a");
  checker.recovered(a, recovered(0, 0));
  for (const doing of [
    () => checker.receive(a, "b", heartbeat(0)),
    () => checker.send(a, "b", preVote(1)),
    () => checker.send(a, "b", { type: "vote-reply", term: 1, granted: true }),
    () => {
      a.awakeSinceMs = time.nowMs;
    },
  ]) {
    time.nowMs += 2200;
    checker.moment(a, time.nowMs);
    doing();
  }
  expect(said).toEqual([]);
  checker.send(a, "b", { type: "vote-reply", term: 1, granted: false });
  time.nowMs += 2600;
  checker.moment(a, time.nowMs);
  expect(said).toHaveLength(1);
  becomes(checker, a, soft("leader", 1, "a"));
  time.nowMs += 9000;
  checker.moment(a, time.nowMs);
  expect(said).toHaveLength(1);
});

test("PromptElection excuses a member whose disk hangs, also in what it does not sync", async () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new PromptElection(report, pace));
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { disk } = machine.start();
  const a = new NodeView("a", machine.disk, () => kernel.nowMs);
  a.recover(recovered(0, 0));
  machine.disk.stick();
  const writing = disk.files.append("f", new Uint8Array(1));
  await kernel.run({ untilMs: 600 });
  checker.recovered(a, recovered(0, 0));
  time.nowMs = 9000;
  checker.moment(a, time.nowMs);
  expect(said).toEqual([]);
  machine.disk.unstick();
  await kernel.until(writing);
  time.nowMs += 9000;
  checker.moment(a, time.nowMs);
  expect(said).toHaveLength(1);
});

test("ElectionSpread notices waits that are all the same, and none that differ", () => {
  for (const [step, found] of [
    [100, 0],
    [0, 1],
  ] as const) {
    const { time, pace } = hours();
    const { checker, said } = judged((report) => new ElectionSpread(report, pace));
    const a = open("a");
    becomes(checker, a, soft("precandidate", 1));
    for (let round = 0; round < 12; round += 1) {
      time.nowMs += 1000 + (round % 3) * step;
      checker.send(a, "b", preVote(2));
      checker.send(a, "c", preVote(2));
    }
    expect(said.length > 0 ? 1 : 0).toBe(found);
  }
});

test("LeaderContact notices a leader that hears no majority and goes on", () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new LeaderContact(report, pace));
  const a = open("a");
  becomes(checker, a, soft("leader", 1, "a"));
  time.nowMs = 2000;
  checker.receive(a, "b", refusal(1), "");
  time.nowMs = 4000;
  checker.moment(a, 4000);
  a.awakeSinceMs = 3000;
  checker.moment(a, 5000);
  expect(said).toEqual([]);
  checker.moment(a, 6000);
  expect(said).toHaveLength(1);
});

test("LeaderDisk notices a leader whose disk hangs", () => {
  const { pace } = hours();
  const { checker, said } = judged((report) => new LeaderDisk(report, pace));
  const a = open("a");
  a.soft = soft("leader", 1, "a");
  checker.moment(a, 9000);
  a.writing.set("log", 7000);
  checker.moment(a, 9000);
  a.soft = soft("follower", 1);
  checker.moment(a, 12_000);
  expect(said).toEqual([]);
  a.soft = soft("leader", 2, "a");
  checker.moment(a, 12_000);
  expect(said).toHaveLength(1);
});

test("SettledCalls notices proposals that a deposed leader leaves without an outcome", () => {
  const { time, pace } = hours();
  const { checker, said } = judged((report) => new SettledCalls(report, pace.nowMs));
  const a = open("a");
  const leads: SoftState = { role: "leader", term: 1, leader: "a", established: true };
  let waiting = 1;
  a.waitingProposals = () => waiting;
  for (const [after, found] of [
    [() => becomes(checker, a, soft("follower", 2, "b")), 0],
    [() => (waiting = 0), 0],
    [() => (waiting = 2), 1],
  ] as const) {
    becomes(checker, a, leads);
    becomes(checker, a, soft("follower", 2));
    after();
    time.nowMs += 200;
    for (let moment = 0; moment < 5; moment += 1) {
      expect(said).toEqual([]);
      checker.moment(a, time.nowMs);
    }
    expect(said).toHaveLength(found);
  }
});
