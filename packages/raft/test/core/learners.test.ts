import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { add, campaignOf, led, refusalOf, roles, through, trio } from "./membership-fixture.ts";

// Dissertation §4.2.1.

test("§4.2.1: a learner receives the log from the beginning and counts for nothing", () => {
  const cluster = led("d");
  cluster.propose("a", "x");
  through(cluster, add("d"));
  expect(roles(cluster.get("d"))).toBe("a:voter b:voter c:voter d:learner");
  expect(cluster.commands("d")).toEqual(["x"]);
  for (const id of ["b", "c"]) cluster.isolate(id);
  cluster.propose("a", "y");
  cluster.settle();
  expect(cluster.get("d").raft.last.index).toBe(cluster.get("a").raft.last.index);
  expect(cluster.commands("a")).toEqual(["x"]);
  cluster.tick(10);
  expect(cluster.get("a").raft.role).not.toBe("leader");
});

test("§4.2.1: a learner never campaigns, with or without a leader", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  cluster.isolate("d");
  cluster.tick(60, ["d"]);
  expect(cluster.get("d").raft.role).toBe("follower");
  expect(cluster.said("d", "pre-vote")).toEqual([]);
  cluster.step("d", { type: "peer-down", peer: "a", byPeer: true });
  cluster.get("d").nowMs += 1000;
  cluster.step("d", { type: "wake" });
  expect(cluster.said("d", "pre-vote")).toEqual([]);
});

test("§4.2.1: a learner that lacks the log is not promoted, and one that waits is as soon as it has caught up", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"), add("e", true));
  cluster.isolate("d");
  cluster.tick(15);
  expect(roles(cluster.get("a"))).toContain("e:voter");
  expect(refusalOf(cluster, "a", { type: "promote", id: "d" })).toBe("ERR_FLOTILLA_NOT_CAUGHT_UP");
  expect(refusalOf(cluster, "a", { type: "promote", id: "d" }, { type: "remove", id: "b" })).toBe(
    "ERR_FLOTILLA_NOT_CAUGHT_UP",
  );
  cluster.heal();
  cluster.tick(5);
  expect(refusalOf(cluster, "a", { type: "promote", id: "d" })).toBeUndefined();
  cluster.settle();
  expect(roles(cluster.get("d"))).toBe("a:voter b:voter c:voter d:voter e:voter");
});

test("§4.2.1: whoever leads promotes who waits for it", () => {
  const cluster = led("d");
  cluster.isolate("d");
  through(cluster, add("d", true));
  cluster.crash("a");
  cluster.forget(["b", "c"]);
  campaignOf(cluster, "b");
  cluster.heal();
  cluster.tick(15, ["b", "c", "d"]);
  expect(roles(cluster.get("b"))).toBe("a:voter b:voter c:voter d:voter");
});

test("§4.2.1: a learner that is slower than an election timeout a round has not caught up", () => {
  const cluster = led("d");
  cluster.get("d").slowDisk = true;
  through(cluster, add("d", true));
  for (let round = 0; round < 4; round += 1) {
    cluster.propose("a", `x${round}`);
    cluster.tick(12);
    cluster.finishTask("d");
    cluster.settle();
    expect(roles(cluster.get("a"))).toContain("d:learner");
  }
  cluster.get("d").slowDisk = false;
  cluster.flush("d");
  cluster.tick(4);
  expect(roles(cluster.get("a"))).toContain("d:voter");
});

test("a promoted learner that does not know it yet votes when it is asked", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  cluster.isolate("d");
  expect(refusalOf(cluster, "a", { type: "promote", id: "d" })).toBeUndefined();
  cluster.settle();
  expect(roles(cluster.get("d"))).toContain("d:learner");
  cluster.heal();
  cluster.crash("a");
  cluster.cut("b", "a");
  cluster.cut("c", "a");
  cluster.forget(["b", "c", "d"]);
  // Of four voters three are needed: without d nobody could lead.
  campaignOf(cluster, "b");
  expect(cluster.get("b").raft.role).toBe("leader");
});

test("a member with the longest log that was promoted by it can be elected before it knows that it is committed", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  for (const id of ["b", "c"]) cluster.isolate(id);
  expect(refusalOf(cluster, "a", { type: "promote", id: "d" })).toBeUndefined();
  cluster.settle();
  expect(roles(cluster.get("d"))).toContain("d:voter");
  cluster.heal();
  cluster.crash("a");
  cluster.forget(["b", "c", "d"]);
  campaignOf(cluster, "d");
  expect(cluster.get("d").raft.role).toBe("leader");
});

test("a leader that becomes a learner hands over, too, and stays a member", () => {
  const cluster = led();
  through(cluster, { type: "demote", id: "a" });
  cluster.tick(4);
  expect(["b", "c"]).toContain(cluster.leader().id);
  expect(cluster.get("a").removed).toBe(false);
  expect(roles(cluster.get("a"))).toBe("a:learner b:voter c:voter");
});

test("a member whose data was lost comes back as a learner under its old id, and counts as what it is now", () => {
  const cluster = led();
  cluster.propose("a", "x");
  cluster.settle();
  const other = "f".repeat(32);
  const wiped = cluster.get("c");
  cluster.crash("c");
  wiped.disk.entries = [];
  wiped.disk.hardState = { term: 0, vote: null };
  wiped.disk.commit = 0;
  wiped.incarnation = other;
  cluster.restart("c");
  cluster.tick(3);
  expect(cluster.commands("c")).toEqual([]);
  through(cluster, add("c", true, other));
  cluster.link("a", "c");
  cluster.tick(6);
  expect(cluster.commands("c")).toEqual(["x"]);
  expect(cluster.get("c").removed).toBe(false);
  expect(roles(cluster.get("c"))).toBe("a:voter b:voter c:voter");
  expect(cluster.get("a").raft.configuration.voters[2]?.incarnation).toBe(other);
});

test("a joiner that reads of members before its time is not removed", () => {
  const cluster = led("d", "e");
  through(cluster, add("d"));
  through(cluster, { type: "remove", id: "d" });
  through(cluster, add("e", true));
  cluster.tick(5);
  expect(cluster.get("e").removed).toBe(false);
  expect(roles(cluster.get("e"))).toBe("a:voter b:voter c:voter e:voter");
});

test("a joiner is brought up by a snapshot with the configuration of its last entry", () => {
  const cluster = new Cluster(trio, { joiners: ["d"], trailingEntries: 0 });
  cluster.elect("a");
  cluster.tick(2);
  through(cluster, { type: "remove", id: "c" });
  cluster.propose("a", "x");
  cluster.settle();
  cluster.snapshot("a");
  through(cluster, add("d", true));
  cluster.tick(8);
  expect(cluster.commands("d")).toEqual(["x"]);
  expect(cluster.get("d").disk.snapshot?.configuration.voters.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(roles(cluster.get("d"))).toBe("a:voter b:voter d:voter");
});

test("nobody changes members during a hand-over, and leadership never goes to a learner", () => {
  const cluster = led("d");
  through(cluster, add("d"));
  cluster.step("a", { type: "transfer", to: "d" });
  expect(cluster.get("a").transfers).toEqual(["refused"]);
  cluster.isolate("b");
  cluster.step("a", { type: "transfer", to: "b" });
  expect(refusalOf(cluster, "a", { type: "remove", id: "d" })).toBe("ERR_FLOTILLA_CHANGE_PENDING");
});
