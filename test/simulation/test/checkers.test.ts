import type { Message } from "@flotilla/raft";
import { expect, test } from "vitest";
import { BoundedWork } from "../src/online/bounded-work.ts";
import { DeterministicApply } from "../src/online/deterministic-apply.ts";
import { DurableBeforeAck } from "../src/online/durable-before-ack.ts";
import { ElectionSafety } from "../src/online/election-safety.ts";
import { FailStop } from "../src/online/fail-stop.ts";
import { LeaderCompleteness } from "../src/online/leader-completeness.ts";
import { LeaseDiscipline } from "../src/online/lease-discipline.ts";
import { LogMatching } from "../src/online/log-matching.ts";
import { NoRegression } from "../src/online/no-regression.ts";
import { PastData } from "../src/online/past-data.ts";
import { QuorumReal } from "../src/online/quorum-real.ts";
import { ReadPoints } from "../src/online/read-points.ts";
import { StateMachineSafety } from "../src/online/state-machine-safety.ts";
import { entry, founders, judged, recovered, soft, task, view } from "./_support/views.ts";

const last = { index: 0, term: 0 };

test("LeaseDiscipline notices reads from a lease once a later term had a leader", () => {
  const { checker, said } = judged((report) => new LeaseDiscipline(report));
  const [a, b] = [view("a"), view("b")];
  checker.soft(a, soft("leader", 3), last);
  checker.soft(b, soft("candidate", 4), last);
  checker.leaseReads(a, 3);
  expect(said).toEqual([]);
  checker.soft(b, soft("leader", 4), last);
  checker.leaseReads(b, 4);
  expect(said).toEqual([]);
  checker.leaseReads(a, 3);
  expect(said).toHaveLength(1);
});

test("ElectionSafety notices two leaders of one term, also two lives of one member", () => {
  const { checker, said } = judged((report) => new ElectionSafety(report));
  const [a, b] = [view("a"), view("b")];
  checker.soft(a, soft("leader", 3), last);
  checker.soft(a, soft("leader", 3), last);
  expect(said).toEqual([]);
  checker.soft(b, soft("leader", 3), last);
  a.life = 1;
  checker.soft(a, soft("leader", 3), last);
  expect(said).toHaveLength(2);
});

test("ElectionSafety notices a second vote in one term", () => {
  const { checker, said } = judged((report) => new ElectionSafety(report));
  const a = view("a");
  checker.send(a, "b", { type: "vote-reply", term: 4, granted: true });
  checker.send(a, "b", { type: "vote-reply", term: 4, granted: true });
  expect(said).toEqual([]);
  checker.send(a, "c", { type: "vote-reply", term: 4, granted: true });
  expect(said).toHaveLength(1);
});

test("LogMatching notices other bytes, another predecessor, a hole, and entries nobody appended", () => {
  const { checker, said } = judged((report) => new LogMatching(report));
  const [a, b, c, d] = [view("a"), view("b"), view("c"), view("d")];
  const good = task([entry(1, 1), entry(2, 2)]);
  checker.append(a, good);
  a.take(good);
  checker.append(b, good);
  b.take(good);
  checker.recovered(c, recovered(1, 1));
  expect(said).toEqual([]);
  checker.append(c, task([entry(1, 1, "other")]));
  expect(said).toHaveLength(1);
  checker.append(d, task([entry(1, 2), entry(2, 2)]));
  expect(said).toHaveLength(2);
  checker.append(a, task([entry(4, 2)]));
  checker.recovered(b, recovered(2, 9));
  expect(said).toHaveLength(4);
});

test("LeaderCompleteness notices a leader without a committed entry", () => {
  const { checker, said } = judged((report) => new LeaderCompleteness(report));
  const [a, b] = [view("a"), view("b")];
  a.soft = soft("leader", 2);
  a.take(task([entry(1, 2), entry(2, 2)]));
  checker.commit(a, 2);
  b.take(task([entry(1, 2)]));
  checker.soft(b, soft("leader", 1), last);
  checker.soft(a, soft("leader", 3), last);
  expect(said).toEqual([]);
  checker.soft(b, soft("leader", 4), last);
  expect(said).toHaveLength(1);
});

test("StateMachineSafety notices another entry at one index, and a skipped one", () => {
  const { checker, said } = judged((report) => new StateMachineSafety(report));
  const [a, b] = [view("a"), view("b")];
  checker.apply(a, entry(1, 1));
  a.applied = 1;
  expect(said).toEqual([]);
  checker.apply(b, entry(1, 2));
  checker.apply(a, entry(3, 2));
  expect(said).toHaveLength(2);
});

test.each<[string, Message]>([
  ["a vote for itself", { type: "vote", term: 1, last, transfer: false }],
  ["a vote for another", { type: "vote-reply", term: 1, granted: true }],
  ["a term", { type: "vote-reply", term: 1, granted: false }],
  ["entries", { type: "append-reply", term: 0, prevIndex: 0, match: 1, hint: null }],
  ["leadership", { type: "heartbeat", term: 1, commit: 0, round: 1 }],
])("DurableBeforeAck notices %s that the disk does not hold", (_, message) => {
  const { checker, said } = judged((report) => new DurableBeforeAck(report));
  const a = view("a");
  a.take(task([entry(1, 1)]));
  checker.send(a, "b", message);
  expect(said).toHaveLength(1);
});

test("DurableBeforeAck notices a snapshot that is not there, and an entry applied before it is durable", () => {
  const { checker, said } = judged((report) => new DurableBeforeAck(report));
  const a = view("a");
  const snapshot = { index: 9, term: 0 };
  checker.send(a, "b", { type: "snapshot-reply", term: 0, last: snapshot, received: 3, done: false });
  expect(said).toEqual([]);
  checker.send(a, "b", { type: "snapshot-reply", term: 0, last: snapshot, received: 3, done: true });
  checker.apply(a, entry(1, 1));
  expect(said).toHaveLength(2);
});

test("QuorumReal notices a commit that only a minority holds, and one of an earlier term", () => {
  const members = [view("a"), view("b"), view("c")];
  const { checker, said } = judged((report) => new QuorumReal(report, () => members));
  const [a, b] = members;
  if (a === undefined || b === undefined) throw new Error("there are three");
  a.inForce = [founders("a", "b", "c")];
  a.soft = soft("leader", 1);
  for (const node of [a, b]) node.take(task([entry(1, 1), entry(2, 1)]));
  a.durable.append([entry(1, 1), entry(2, 1)]);
  b.durable.append([entry(1, 1)]);
  checker.commit(a, 1);
  expect(said).toEqual([]);
  checker.commit(a, 2);
  a.soft = soft("leader", 2);
  checker.commit(a, 1);
  expect(said).toHaveLength(2);
});

test("QuorumReal counts what a disk held when it answered, and no other data of that name", () => {
  const [a, b, c] = [view("a"), view("b"), view("c")];
  const config = { ...founders("a", "b", "c"), historyId: "h" };
  const past: PastData[] = [];
  const { checker, said } = judged((report) => new QuorumReal(report, () => [a, b, c, ...past]));
  a.inForce = [config];
  a.soft = soft("leader", 1);
  for (const node of [a, b]) {
    node.take(task([entry(1, 1), entry(2, 1)]));
    node.durable.append([entry(1, 1)]);
  }
  a.durable.append([entry(2, 1)]);
  past.push(new PastData(b));
  b.incarnation = "another";
  b.durable.append([entry(2, 1)]);
  checker.commit(a, 1);
  expect(said).toEqual([]);
  checker.commit(a, 2);
  expect(said).toHaveLength(1);
});

test("NoRegression notices a lost log, term and vote, and a dropped commit", () => {
  const { checker, said } = judged((report) => new NoRegression(report));
  const a = view("a");
  a.recover(recovered(0, 0));
  a.take(task([entry(1, 1)]));
  a.durable.append([entry(1, 1)]);
  a.hard = { term: 1, vote: "a" };
  checker.recovered(a, { ...recovered(1, 1), hardState: { term: 1, vote: "a" } });
  expect(said).toEqual([]);
  checker.recovered(a, recovered(0, 0));
  expect(said).toHaveLength(2);
  checker.apply(a, entry(1, 1));
  a.commit = 1;
  a.applied = 1;
  checker.append(a, task([], { truncateFrom: 1 }));
  checker.append(a, task([], { hardState: { term: 1, vote: "b" } }));
  checker.commit(a, 1);
  checker.apply(a, entry(1, 1));
  a.soft = soft("follower", 5);
  checker.soft(a, soft("follower", 4), last);
  expect(said).toHaveLength(8);
});

test("NoRegression lets who follows a leader of an earlier term drop what a later one committed, and nobody else", () => {
  const { checker, said } = judged((report) => new NoRegression(report));
  const [a, b] = [view("a"), view("b")];
  for (const each of [a, b]) each.take(task([entry(1, 3)]));
  b.soft = soft("leader", 5);
  checker.apply(b, entry(1, 3));
  a.soft = soft("leader", 3);
  checker.append(a, task([entry(1, 4)], { truncateFrom: 1, hardState: { term: 4, vote: null } }));
  expect(said).toEqual([]);
  checker.append(a, task([entry(1, 4)], { truncateFrom: 1, hardState: { term: 5, vote: null } }));
  expect(said).toHaveLength(1);
});

test("NoRegression notices damaged data that is used although promises are missing", () => {
  const { checker, said } = judged((report) => new NoRegression(report));
  const a = view("a");
  a.recover(recovered(0, 0));
  a.tampered = true;
  checker.recovered(a, recovered(0, 0));
  expect(said).toEqual([]);
  a.promisedSeq = 7;
  checker.recovered(a, recovered(0, 0));
  expect(said).toHaveLength(1);
});

test("DeterministicApply notices two states after the same entry", () => {
  const { checker, said } = judged((report) => new DeterministicApply(report));
  checker.digest(view("a"), 5, "one");
  checker.digest(view("b"), 5, "one");
  expect(said).toEqual([]);
  checker.digest(view("c"), 5, "two");
  expect(said).toHaveLength(1);
});

test("FailStop notices a member that goes past an entry whose apply threw", () => {
  let poison: number | null = null;
  const { checker, said } = judged((report) => new FailStop(report, () => poison));
  checker.apply(view("a"), entry(5, 1));
  poison = 7;
  checker.apply(view("a"), entry(6, 1));
  expect(said).toEqual([]);
  checker.apply(view("a"), entry(7, 1));
  expect(said).toHaveLength(1);
});

test("ReadPoints notices a read that misses what was committed, and one answered before it is applied", () => {
  const { checker, said } = judged((report) => new ReadPoints(report));
  const [a, b] = [view("a"), view("b")];
  checker.commit(a, 5);
  const least = checker.committed;
  b.applied = 5;
  checker.answered(b, 5, least);
  expect(said).toEqual([]);
  checker.answered(b, 4, least);
  b.applied = 4;
  checker.answered(b, 5, least);
  expect(said).toHaveLength(2);
});

test("BoundedWork notices a member that keeps more in memory than it may", () => {
  const limits = { cacheBytes: 10, maxUnstableBytes: 100 };
  const { checker, said } = judged(
    (report) => new BoundedWork(report, { ...limits, maxPendingProposals: 3 }),
  );
  const a = view("a");
  const held = { bytes: (8 << 10) + 110, proposals: 4 };
  a.logBytes = () => held.bytes;
  a.waitingProposals = () => held.proposals;
  checker.moment(a, 0);
  expect(said).toEqual([]);
  held.bytes += 1;
  checker.moment(a, 100);
  expect(said).toEqual([]);
  checker.moment(a, 250);
  expect(said).toHaveLength(1);
  held.bytes = 0;
  held.proposals = 5;
  checker.moment(a, 500);
  expect(said).toHaveLength(2);
});
