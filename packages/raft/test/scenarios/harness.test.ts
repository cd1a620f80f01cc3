import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runScenario } from "./harness/run.ts";
import { World } from "./harness/world.ts";

const folder = join(import.meta.dirname, "cases");

/** Three nodes led by 1. */
function led(): World {
  const options = {
    size: 3,
    joiners: 0,
    founding: false,
    leases: false,
    electionTicks: 10,
    trailingEntries: 0,
    limits: {},
  };
  const world = new World(options);
  for (let left = 10; left > 0; left -= 1) world.tick("1");
  for (let round = 0; round < 10; round += 1) {
    world.deliver({});
    for (const id of world.ids) world.persist(id);
    for (const id of world.ids) world.apply(id);
  }
  return world;
}

test("a scenario carried out twice prints the same", { timeout: 60_000 }, () => {
  for (const name of readdirSync(folder)) {
    const once = runScenario(readFileSync(join(folder, name), "utf8"));
    expect(runScenario(once)).toBe(once);
  }
});

test("output that does not tell what happens is replaced", () => {
  expect(runScenario("# One node.\n\n> cluster n=1\n> tick 1 10\n  nothing\n  at all\n")).toBe(
    "# One node.\n\n> cluster n=1\n> tick 1 10\n  1 is candidate in term 1\n  1 writes term 1 vote 1\n",
  );
});

test.each([
  ["> tick 1", "line 1, tick 1: the first command is `cluster`"],
  ["> cluster n=0", "a cluster has 1 to 9 nodes"],
  ["> cluster n=3\n> dance 1", "line 2, dance 1: there is no command dance"],
  ["> cluster n=3\n> tick 4", "there is no node 4"],
  ["> cluster n=3\n> tick 1 ten", "ten is no count"],
  ["> cluster n=3\n> tick 1 1 1", "not understood: 1"],
  ["> cluster n=3\n> tick 1 speed=2", "not understood: speed"],
  ["> cluster n=3\n> deliver 1->2", "no such message is under way"],
  ["> cluster n=3\n> persist 1", "there is nothing to persist"],
  ["> cluster n=3\n> apply all", "there is nothing to apply"],
  ["> cluster n=3\n> write 1", "no write is under way"],
  ["> cluster n=3\n> crash 1\n> propose 1 x", "node 1 is down"],
  ["> cluster n=3\n> crash 1\n> lose-unsynced 1", "nothing unsynced can be lost"],
  ["> cluster n=3\n> install 1", "no snapshot has arrived at node 1"],
  ["> cluster n=3\n> propose 1 x x", "a proposal's text is used once"],
  ["cluster n=3", "line 1 is neither command, output nor remark"],
  ["# Remark.\n  output", "line 2 is output of no command"],
])("%j is refused", (text, reason) => {
  expect(() => runScenario(text)).toThrow(reason);
});

test("logs that agree above a difference break a scenario, whatever it prints", () => {
  expect(() => runScenario("> cluster n=3\n> given 1 1,1,2\n> given 2 1,2,2\n")).toThrow("LogMatching");
});

test("an acknowledgement of what is not durable breaks a scenario", () => {
  const world = led();
  world.propose("1", ["x"], null);
  world.deliver({ to: "2" });
  world.get("2").member.disk.write = () => {};
  expect(() => world.persist("2")).toThrow("DurableBeforeSend");
});

test("a commit of what no majority of the disks holds breaks a scenario", () => {
  const world = led();
  world.propose("1", ["x"], null);
  world.deliver({});
  world.persist("2");
  world.persist("1");
  world.get("2").member.disk.entries.pop();
  expect(() => world.deliver({ to: "1" })).toThrow("QuorumReal");
});

test("a second vote in one term breaks a scenario", () => {
  const world = led();
  const voter = world.get("2");
  world.stop(voter);
  voter.member.disk.hardState = { term: 1, vote: null };
  voter.restart();
  world.begin(voter);
  const { incarnation } = world.get("3").member;
  const message = { type: "vote", term: 1, last: { index: 1, term: 1 }, transfer: false } as const;
  world.turn("2", [{ type: "receive", from: "3", incarnation, message }]);
  expect(() => world.persist("2")).toThrow("OneVotePerTerm");
});

test("a restart that lost the term breaks a scenario", () => {
  const world = led();
  const node = world.get("2");
  world.stop(node);
  node.member.disk.entries = [];
  node.member.disk.hardState = { term: 0, vote: null };
  node.restart();
  expect(() => world.begin(node)).toThrow("NoRegression");
});

test("an old read point and a lost proposal that is applied break a scenario", () => {
  const world = led();
  world.invariants.readFrom(7);
  expect(() => world.invariants.read({ id: 7, index: 0 })).toThrow("ReadsAreCurrent");
  world.propose("1", ["x"], null);
  world.invariants.dropped({ firstId: 1, count: 1, certain: true });
  expect(() => {
    for (let round = 0; round < 4; round += 1) {
      world.deliver({});
      for (const id of world.ids) world.persist(id);
      for (const id of world.ids) world.apply(id);
    }
  }).toThrow("LostIsLost");
});
