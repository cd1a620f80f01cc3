import { expect, test } from "vitest";
import type { MemberChange } from "../../src/core/config/apply-changes.ts";
import { Cluster } from "./cluster.ts";
import { add, campaignOf, led, refusalOf, roles, through, trio } from "./membership-fixture.ts";

// Dissertation ch. 4, by section.

test("§4.1: a configuration is in force at each member as soon as it is in its log, committed or not", () => {
  const cluster = led("d");
  const { index } = cluster.change("a", [add("d")]);
  expect(cluster.get("a").raft).toMatchObject({ configuration: { index }, commit: index - 1 });
  cluster.deliverSome(({ to, message }) => to === "b" && message.type === "append");
  expect(cluster.get("b").raft).toMatchObject({ configuration: { index }, commit: index - 1 });
  expect(cluster.get("c").raft.configuration.index).toBe(0);
  expect(cluster.get("a").raft.committedConfiguration.index).toBe(0);
});

test("§4.1: a change while another is uncommitted is refused, and one before the first commit of the term", () => {
  const cluster = led("d", "e");
  cluster.isolate("a");
  expect(refusalOf(cluster, "a", add("d"))).toBeUndefined();
  expect(refusalOf(cluster, "a", add("e"))).toBe("ERR_FLOTILLA_CHANGE_PENDING");
  const fresh = new Cluster(trio);
  fresh.elect("a");
  expect(refusalOf(fresh, "a", { type: "remove", id: "c" })).toBeUndefined();
  const early = new Cluster(trio);
  early.step("a", { type: "tick" });
  for (let k = 0; k < 60 && early.get("a").raft.role !== "leader"; k += 1) {
    early.step("a", { type: "tick" });
    early.deliverSome(({ message }) => message.type !== "append");
  }
  expect(early.get("a").raft).toMatchObject({ role: "leader", established: false });
  expect(refusalOf(early, "a", { type: "remove", id: "c" })).toBe("ERR_FLOTILLA_CHANGE_PENDING");
});

test("§4.1: leaders of different terms cannot both change one member from the same configuration (2015)", () => {
  const cluster = new Cluster(["a", "b", "c", "d"], { joiners: ["e"] });
  cluster.elect("a");
  cluster.tick(2);
  // a adds e, which reaches nobody else and commits nowhere.
  cluster.isolate("a");
  expect(refusalOf(cluster, "a", add("e"))).toBeUndefined();
  cluster.forget(["b", "c", "d"]);
  campaignOf(cluster, "b");
  // b leads by b, c, d and removes a: but only once its own term has a committed entry.
  expect(cluster.get("b").raft).toMatchObject({ role: "leader", established: true });
  expect(refusalOf(cluster, "b", { type: "remove", id: "a" })).toBeUndefined();
  cluster.settle();
  expect(roles(cluster.get("b"))).toBe("b:voter c:voter d:voter");
  // a's change cannot gather a quorum that misses b's: its term is over for c and d.
  cluster.heal();
  cluster.tick(20);
  expect(cluster.leader().id).not.toBe("a");
  cluster.propose(cluster.leader().id, "x");
  cluster.settle();
  expect(cluster.commands(cluster.leader().id)).toEqual(["x"]);
});

test("§4.1: a version other than the one in force is refused", () => {
  const cluster = led("d", "e");
  expect(cluster.change("a", [add("d")], 7).refusal).toMatchObject({
    code: "ERR_FLOTILLA_BAD_VERSION",
    details: { version: 0 },
  });
  expect(cluster.change("a", [add("d")], 0).refusal).toBeNull();
  cluster.settle();
  const version = cluster.get("a").raft.configuration.index;
  expect(cluster.change("a", [add("e")], 0).refusal?.code).toBe("ERR_FLOTILLA_BAD_VERSION");
  expect(cluster.change("a", [add("e")], version).refusal).toBeNull();
});

test("only the leader changes members, and it names who leads", () => {
  const cluster = led("d");
  expect(cluster.change("b", [add("d")]).refusal).toMatchObject({
    code: "ERR_FLOTILLA_NOT_LEADER",
    details: { leader: "a" },
  });
});

test("what is so already is answered with the configuration in force, and nothing is appended", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  const { last, configuration } = cluster.get("a").raft;
  expect(cluster.change("a", [add("d"), add("b")])).toMatchObject({
    index: configuration.index,
    refusal: null,
  });
  expect(cluster.get("a").raft.last).toEqual(last);
});

test.each([
  ["a learner of which nobody says whether it is promoted", { ...add("d"), promote: undefined }],
  ["a lease setting that is neither on nor off", { type: "lease-reads" }],
  ["an id that only looks like one", { ...add("d"), id: 7 }],
])("what no log could be read with is refused, and nothing is appended: %s", (_, change) => {
  const cluster = led("d");
  const { last, configuration } = cluster.get("a").raft;
  expect(refusalOf(cluster, "a", change as never)).toBe("ERR_FLOTILLA_BAD_CHANGE");
  expect(cluster.get("a").raft).toMatchObject({ last, configuration });
});

test("§4.2.2: a leader that is removed commits its removal without its own vote, then hands over", () => {
  const cluster = led();
  cluster.isolate("c");
  expect(refusalOf(cluster, "a", { type: "remove", id: "a" })).toBeUndefined();
  cluster.settle();
  // b alone is no majority of b and c, whatever a holds.
  const { index } = cluster.get("a").raft.configuration;
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", commit: index - 1 });
  cluster.heal();
  cluster.tick(4);
  expect(cluster.get("a").raft.role).toBe("follower");
  expect(cluster.get("a").removed).toBe(true);
  expect(["b", "c"]).toContain(cluster.leader().id);
  cluster.propose(cluster.leader().id, "x");
  cluster.settle();
  expect(cluster.commands("b")).toEqual(["x"]);
});

test("§4.2.2: a removed leader steps down also when nobody takes over", () => {
  const cluster = led();
  cluster.deliverSome(() => true);
  expect(refusalOf(cluster, "a", { type: "remove", id: "a" })).toBeUndefined();
  for (let k = 0; k < 15; k += 1) {
    cluster.step("a", { type: "tick" });
    cluster.deliverSome(({ message }) => message.type !== "timeout-now");
    cluster.wire = cluster.wire.filter(({ message }) => message.type !== "timeout-now");
    for (const id of ["b", "c"]) cluster.deliverSome(({ to }) => to === id);
    cluster.deliverSome(({ to, message }) => to === "a" && message.type !== "timeout-now");
  }
  expect(cluster.get("a").raft.role).toBe("follower");
  expect(cluster.get("a").removed).toBe(true);
});

test("§4.2.3: a member that was removed while it was cut off disturbs nobody when it comes back", () => {
  const cluster = led();
  cluster.isolate("c");
  through(cluster, { type: "remove", id: "c" });
  const { term } = cluster.get("a").raft;
  cluster.tick(60, ["c"]);
  cluster.heal();
  cluster.tick(40);
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term });
  cluster.tell("a", "c", { type: "vote", term: term + 5, last: { index: 99, term }, transfer: false });
  expect(cluster.get("a").raft).toMatchObject({ role: "leader", term });
  cluster.tell("b", "c", { type: "vote", term: term + 5, last: { index: 99, term }, transfer: false });
  expect(cluster.get("b").raft.term).toBe(term);
});

test("a removed leader knows that it was a member when its log has forgotten it", () => {
  const cluster = new Cluster(trio, { trailingEntries: 0 });
  cluster.elect("a");
  cluster.tick(2);
  cluster.deliverSome(() => true);
  expect(refusalOf(cluster, "a", { type: "remove", id: "a" })).toBeUndefined();
  for (let k = 0; k < 3; k += 1) cluster.deliverSome(({ message }) => message.type !== "timeout-now");
  const { raft } = cluster.get("a");
  expect(raft).toMatchObject({ role: "leader", commit: raft.configuration.index });
  cluster.snapshot("a");
  expect(raft.firstIndex).toBeGreaterThan(raft.configuration.index);
  cluster.settle();
  cluster.tick(4);
  expect(raft.role).toBe("follower");
  expect(cluster.get("a").removed).toBe(true);
});

test("who joins was no member at the time before it was added", () => {
  const cluster = led("d");
  const { raft } = cluster.get("d");
  const before = cluster.get("a").raft.configuration.index;
  through(cluster, add("d"));
  expect(raft.wasMemberBy(raft.configuration.index)).toBe(true);
  expect(raft.wasMemberBy(before)).toBe(false);
});

test("a removed member gets the entry that removes it and the word that it is committed", () => {
  const cluster = led();
  through(cluster, { type: "remove", id: "c" });
  expect(cluster.get("c")).toMatchObject({ removed: true });
  expect(cluster.get("b")).toMatchObject({ removed: false });
  const before = cluster.sent.length;
  cluster.tick(30);
  expect(cluster.sent.slice(before + 200).some(({ to }) => to === "c")).toBe(false);
});

test("answers of a member that leaves count for nothing", () => {
  const cluster = led();
  cluster.isolate("b");
  expect(refusalOf(cluster, "a", { type: "remove", id: "c" })).toBeUndefined();
  cluster.settle();
  expect(cluster.get("c").raft.last.index).toBe(cluster.get("a").raft.last.index);
  expect(cluster.get("a").raft.committedConfiguration.index).toBe(0);
  cluster.tick(11);
  expect(cluster.get("a").raft.role).not.toBe("leader");
});

test("§4.3: while two configurations are joint, a majority of each is needed to commit and to lead", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"), add("e"));
  for (const id of ["d", "e"]) cluster.isolate(id);
  const swap: MemberChange[] = [
    { type: "promote", id: "d" },
    { type: "promote", id: "e" },
    { type: "remove", id: "b" },
    { type: "remove", id: "c" },
  ];
  expect(refusalOf(cluster, "a", ...swap)).toBeUndefined();
  cluster.settle();
  const { index } = cluster.get("a").raft.configuration;
  // The old three have it, but of a, d, e only a has.
  expect(cluster.get("a").raft.commit).toBe(index - 1);
  expect(roles(cluster.get("b"))).toBe("a:voter b:outgoing c:outgoing d:incoming e:incoming");
  cluster.crash("a");
  cluster.forget(["b", "c"]);
  campaignOf(cluster, "b");
  expect(cluster.get("b").raft.role).not.toBe("leader");
  cluster.heal();
  cluster.forget(["d", "e"]);
  cluster.tick(60, ["b", "c", "d", "e"]);
  // b or c led by both halves, left the joint configuration and with it the cluster.
  expect(["d", "e"]).toContain(cluster.leader().id);
  expect(roles(cluster.leader())).toBe("a:voter d:voter e:voter");
});

test("§4.3: a joint configuration is left by itself, once", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"), add("e"));
  const joint = cluster.change("a", [
    { type: "promote", id: "d" },
    { type: "promote", id: "e" },
  ]);
  cluster.propose("a", "x", "y");
  cluster.settle();
  cluster.tick(2);
  expect(roles(cluster.get("e"))).toBe("a:voter b:voter c:voter d:voter e:voter");
  const configs = cluster.get("a").state.filter((text) => text.endsWith(":config"));
  expect(configs.length).toBe(3);
  expect(cluster.get("a").raft.configuration.index).toBeGreaterThan(joint.index);
});

test("§4.3: a new leader leaves the joint configuration that it finds", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"), add("e"));
  const swap: MemberChange[] = ["d", "e"].map((id) => ({ type: "promote", id }));
  expect(refusalOf(cluster, "a", ...swap)).toBeUndefined();
  cluster.deliverSome(({ message }) => message.type === "append");
  cluster.crash("a");
  cluster.wire = [];
  expect(roles(cluster.get("b"))).toContain("incoming");
  cluster.forget(["b", "c", "d", "e"]);
  campaignOf(cluster, "b");
  cluster.tick(3, ["b", "c", "d", "e"]);
  expect(roles(cluster.get("b"))).toBe("a:voter b:voter c:voter d:voter e:voter");
});

test("§4.3: another change is refused until the joint configuration is left", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"), add("e"));
  cluster.change("a", [
    { type: "promote", id: "d" },
    { type: "promote", id: "e" },
  ]);
  expect(refusalOf(cluster, "a", { type: "remove", id: "b" })).toBe("ERR_FLOTILLA_CHANGE_PENDING");
});

test("a configuration is undone with its entry", () => {
  const cluster = led("d", "e");
  cluster.isolate("a");
  expect(refusalOf(cluster, "a", add("d"))).toBeUndefined();
  expect(cluster.get("a").raft.configuration.index).toBe(cluster.get("a").raft.last.index);
  cluster.forget(["b", "c"]);
  campaignOf(cluster, "b");
  cluster.propose("b", "x");
  cluster.settle();
  cluster.heal();
  cluster.tick(3);
  expect(roles(cluster.get("a"))).toBe("a:voter b:voter c:voter");
  expect(cluster.get("a").raft.configuration.index).toBe(0);
  expect(cluster.commands("a")).toEqual(["x"]);
});

test("answers of a member with the data that another took the place of count for nothing", () => {
  const cluster = led();
  through(cluster, add("c", false, "f".repeat(32)));
  expect(roles(cluster.get("c"))).toBe("a:voter b:voter c:learner");
  cluster.isolate("b");
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.commands("a")).toEqual([]);
});

test("leadership goes to a voter to come while the configuration is joint, never to one that goes", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  cluster.isolate("c");
  const swap: MemberChange[] = [
    { type: "promote", id: "d" },
    { type: "remove", id: "b" },
  ];
  expect(refusalOf(cluster, "a", ...swap)).toBeUndefined();
  cluster.step("a", { type: "transfer", to: "b" });
  expect(cluster.get("a").transfers).toEqual(["refused"]);
  cluster.step("a", { type: "transfer", to: "d" });
  expect(cluster.get("a").raft.handsOver()).toBe(true);
  cluster.settle();
  cluster.tick(2);
  expect(cluster.leader().id).toBe("d");
});

test("a member that has not heard of the leader's membership follows it", () => {
  const cluster = led("d");
  cluster.isolate("c");
  through(cluster, add("d", true));
  cluster.tick(5);
  cluster.step("a", { type: "transfer", to: "d" });
  cluster.settle();
  cluster.tick(2);
  expect(cluster.leader().id).toBe("d");
  cluster.heal();
  cluster.tick(5);
  expect(cluster.get("c").raft.leader).toBe("d");
  expect(roles(cluster.get("c"))).toBe("a:voter b:voter c:voter d:voter");
});

test.each(["remove", "demote"] as const)(
  "a leader whose %s reached nobody still campaigns: the others may not, as their logs are shorter",
  (type) => {
    const cluster = new Cluster(["a", "b"]);
    cluster.elect("a");
    cluster.tick(2);
    cluster.isolate("a");
    expect(cluster.change("a", [{ type, id: "a" }]).refusal).toBeNull();
    cluster.tick(30);
    expect(cluster.get("a").raft.role).not.toBe("leader");
    cluster.heal();
    cluster.tick(60);
    const { raft } = cluster.leader();
    expect(raft.id).toBe("b");
    expect(raft.committedConfiguration.voters.map(({ id }) => id)).toEqual(["b"]);
    expect(cluster.get("a").removed).toBe(type === "remove");
  },
);

test("a node that lost its data does not judge in which terms the one before it was", () => {
  const cluster = led();
  cluster.replace("a", "0a".repeat(16));
  cluster.propose("b", "x");
  cluster.read("b");
  cluster.settle();
  expect(cluster.said("b", "forward")).toHaveLength(1);
  expect(cluster.get("a").refused).toEqual([]);
  expect(cluster.get("a").raft.term).toBe(0);
});

test("data that was a member and was removed is never added again: its own log would tell it to go", () => {
  const cluster = led("d");
  cluster.isolate("d");
  through(cluster, add("d"));
  through(cluster, { type: "remove", id: "d" });
  expect(refusalOf(cluster, "a", add("d"))).toBe("ERR_FLOTILLA_REMOVED");
  expect(refusalOf(cluster, "a", add("e"), add("d"))).toBe("ERR_FLOTILLA_REMOVED");
  expect(roles(cluster.get("a"))).toBe("a:voter b:voter c:voter");
  // With other data it is somebody else.
  expect(refusalOf(cluster, "a", add("d", false, "f".repeat(32)))).toBeUndefined();
});

test("data that was replaced does not take its place back", () => {
  const cluster = led();
  through(cluster, add("c", false, "f".repeat(32)));
  expect(refusalOf(cluster, "a", add("c"))).toBe("ERR_FLOTILLA_REMOVED");
});

test("data that was removed can come back once nobody's log tells of it", () => {
  const cluster = led("d");
  cluster.isolate("d");
  through(cluster, add("d"));
  through(cluster, { type: "remove", id: "d" });
  for (const id of trio) cluster.snapshot(id);
  expect(refusalOf(cluster, "a", add("d"))).toBeUndefined();
  cluster.heal();
  cluster.tick(5);
  expect(cluster.get("d")).toMatchObject({ removed: false });
  expect(roles(cluster.get("d"))).toContain("d:learner");
});
