import type { Configuration, Entry, Member } from "@flotilla/raft";
import { encode } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { ConfigurationSafety } from "../src/online/configuration-safety.ts";
import { LeaderContact } from "../src/online/leader-contact.ts";
import { PreVoteFirst } from "../src/online/pre-vote-first.ts";
import { PromptElection } from "../src/online/prompt-election.ts";
import { QuorumReal } from "../src/online/quorum-real.ts";
import { overlaps } from "../src/online/quorums.ts";
import { entry, founders, judged, recovered, soft, task, view } from "./_support/views.ts";

/** Members by id, the first incarnation of each unless it is written as `id2`. */
function members(text: string): readonly Member[] {
  return text
    .split(" ")
    .filter((name) => name !== "")
    .map((name) => ({ id: name.slice(0, 1), address: `${name}:1`, incarnation: name }));
}

function config(index: number, voters: string, outgoing = ""): Configuration {
  return {
    index,
    historyId: "h",
    voters: members(voters),
    outgoing: members(outgoing),
    learners: [],
    leaseReads: false,
  };
}

function listed(list: readonly Member[]): unknown[] {
  return list.map(({ id, address, incarnation }) => [id, address, incarnation]);
}

function asEntry({ index, historyId, voters, outgoing }: Configuration, term: number): Entry {
  const payload = encode([historyId, listed(voters), listed(outgoing), [], false]);
  return { ...entry(index, term), kind: "config", payload };
}

/** A member that leads term 1 by the first configuration, which is committed. */
function leader() {
  const { checker, said } = judged((report) => new ConfigurationSafety(report));
  const a = view("a");
  a.recover({ ...recovered(0, 0), configurations: [config(0, "a b c")] });
  a.soft = soft("leader", 1);
  const append = (...entries: Entry[]): void => {
    const one = task(entries);
    checker.append(a, one);
    a.take(one);
  };
  append(entry(1, 1));
  a.commit = 1;
  return { checker, said, a, append };
}

test("majorities of one voter more or less meet, those of two need not, a joint configuration mends it", () => {
  expect(overlaps(config(1, "a b c"), config(2, "a b c d"))).toBe(true);
  expect(overlaps(config(1, "a b c"), config(2, "a b"))).toBe(true);
  expect(overlaps(config(1, "a b c"), config(2, "a d e"))).toBe(false);
  expect(overlaps(config(1, "a b c"), config(2, "a d e", "a b c"))).toBe(true);
  expect(overlaps(config(1, "a d e", "a b c"), config(2, "a d e"))).toBe(true);
  expect(overlaps(config(1, "a b c"), config(2, "a b2 c2"))).toBe(false);
  expect(overlaps(founders("a", "b", "c"), config(2, "a b2 c2"))).toBe(true);
});

test("ConfigurationSafety notices a change whose majorities need not meet", () => {
  const { said, append, a, checker } = leader();
  append(asEntry(config(2, "a b c d"), 1));
  a.inForce = [config(2, "a b c d")];
  checker.step(a);
  a.commit = 2;
  expect(said).toEqual([]);
  append(asEntry(config(3, "a e f g"), 1));
  expect(said).toHaveLength(1);
});

test("ConfigurationSafety notices a second change before the first is committed", () => {
  const { said, append, a, checker } = leader();
  append(asEntry(config(2, "a b c d"), 1), asEntry(config(3, "a b c d e"), 1));
  a.inForce = [config(3, "a b c d e")];
  checker.step(a);
  expect(said).toHaveLength(1);
  checker.step(a);
  expect(said).toHaveLength(1);
});

test("ConfigurationSafety notices a change before the leader has committed anything", () => {
  const { said, append, a, checker } = leader();
  a.soft = soft("leader", 2);
  append(entry(2, 2), asEntry(config(3, "a b c d"), 2));
  a.inForce = [config(3, "a b c d")];
  checker.step(a);
  expect(said).toHaveLength(1);
});

test("ConfigurationSafety notices a configuration that is not in force from its entry on, or not undone with it", () => {
  const { said, append, a, checker } = leader();
  append(asEntry(config(2, "a b c d"), 1));
  checker.step(a);
  expect(said).toHaveLength(1);
  a.inForce = [config(2, "a b c d")];
  a.soft = soft("follower", 2);
  const undone = task([entry(2, 2)], { truncateFrom: 2 });
  checker.append(a, undone);
  a.take(undone);
  checker.step(a);
  expect(said).toHaveLength(2);
  // What the disk does not have yet may be in force.
  a.inForce = [config(5, "a b c d")];
  checker.append(a, task([], { truncateFrom: 3 }));
  checker.step(a);
  expect(said).toHaveLength(2);
});

test("ConfigurationSafety notices a member that stops as removed", () => {
  const { said, a, checker } = leader();
  a.incarnation = "a";
  checker.apply(a, asEntry(config(2, "b c"), 1));
  checker.removed(a);
  expect(said).toEqual([]);
  checker.apply(a, asEntry(config(3, "a b c"), 1));
  checker.removed(a);
  expect(said).toHaveLength(1);
});

test("QuorumReal wants a majority of each half, and of the data that votes", () => {
  const named = ["a", "b", "c", "d", "e"].map((id) => Object.assign(view(id), { incarnation: id }));
  const { checker, said } = judged((report) => new QuorumReal(report, () => named));
  const [a, b, c, d] = named;
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error("there are five");
  a.soft = soft("leader", 1);
  a.inForce = [config(1, "a d e", "a b c")];
  a.take(task([entry(1, 1)]));
  for (const node of [a, b, d]) node.durable.append([entry(1, 1)]);
  checker.commit(a, 1);
  expect(said).toEqual([]);
  d.incarnation = "d2";
  checker.commit(a, 1);
  expect(said).toHaveLength(1);
  // By the configuration that was in force when the turn began.
  a.inForce = [config(1, "a b c"), config(2, "a d e", "a b c")];
  checker.commit(a, 1);
  expect(said).toHaveLength(1);
});

test("PreVoteFirst, LeaderContact and PromptElection go by the configuration", () => {
  const time = { nowMs: 0 };
  const pace = { electionTimeoutMs: 1000, heartbeatMs: 100, nowMs: () => time.nowMs };
  const first = judged((report) => new PreVoteFirst(report));
  const contact = judged((report) => new LeaderContact(report, pace));
  const prompt = judged((report) => new PromptElection(report, pace));
  const a = view("a");
  a.recover({ ...recovered(0, 0), configurations: [config(0, "a b c d")] });
  a.incarnation = "a";
  for (const [from, incarnation] of [
    ["b", "b"],
    ["c", "c2"],
    ["e", "e"],
  ] as const)
    first.checker.receive(a, from, { type: "pre-vote-reply", term: 1, granted: true }, incarnation);
  first.checker.soft(a, soft("candidate", 1), { index: 0, term: 0 });
  expect(first.said).toHaveLength(1);

  a.soft = soft("leader", 1);
  contact.checker.moment(a, 0);
  time.nowMs = 3000;
  for (const from of ["b", "c"])
    contact.checker.receive(a, from, { type: "heartbeat", term: 1, commit: 0, round: 1 }, from);
  contact.checker.moment(a, 3000);
  expect(contact.said).toEqual([]);
  a.inForce = [config(1, "a b c d", "a e f")];
  contact.checker.moment(a, 3000);
  time.nowMs = 6000;
  for (const from of ["b", "c"])
    contact.checker.receive(a, from, { type: "heartbeat", term: 1, commit: 0, round: 1 }, from);
  contact.checker.moment(a, 6000);
  expect(contact.said).toHaveLength(1);

  a.soft = soft("follower", 1);
  a.inForce = [config(2, "b c d")];
  prompt.checker.recovered(a, recovered(0, 0));
  time.nowMs = 12_000;
  prompt.checker.moment(a, 12_000);
  expect(prompt.said).toEqual([]);
});
