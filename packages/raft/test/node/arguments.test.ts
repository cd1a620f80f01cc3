import { expect, test } from "vitest";
import type { RaftNode } from "../../src/index.ts";
import { World } from "./world.ts";

const addition = { type: "add", id: "x", address: "x:1", incarnation: "0".repeat(32), promote: false };

const calls: readonly (readonly [string, (node: RaftNode) => Promise<unknown>])[] = [
  ["changes that are null", async (node) => node.changeMembers(null as never)],
  ["changes that are no list", async (node) => node.changeMembers({ length: 1 } as never)],
  ["a change that is null", async (node) => node.changeMembers([null] as never)],
  // oxlint-disable-next-line no-sparse-arrays
  ["a change that is not there", async (node) => node.changeMembers([,] as never)],
  ["a change of no type", async (node) => node.changeMembers([{ id: "b" }] as never)],
  ["a change of another type", async (node) => node.changeMembers([{ type: "nonsense", id: "b" }] as never)],
  ["an id that is a number", async (node) => node.changeMembers([{ ...addition, id: 7 }] as never)],
  ["no address", async (node) => node.changeMembers([{ ...addition, address: undefined }] as never)],
  ["no incarnation", async (node) => node.changeMembers([{ ...addition, incarnation: null }] as never)],
  ["no promote", async (node) => node.changeMembers([{ ...addition, promote: undefined }] as never)],
  ["nobody to remove", async (node) => node.changeMembers([{ type: "remove" }] as never)],
  ["nowhere to move to", async (node) => node.changeMembers([{ type: "address", id: "a" }] as never)],
  ["a lease setting of nothing", async (node) => node.changeMembers([{ type: "lease-reads" }] as never)],
  [
    "a version that is none",
    async (node) => node.changeMembers([{ type: "lease-reads", on: true }], { ifVersion: "1" } as never),
  ],
  ["a payload that is undefined", async (node) => node.propose(undefined as never)],
  ["a payload that is a text", async (node) => node.propose("abc" as never)],
  ["a payload of other numbers", async (node) => node.propose(new Uint16Array([1, 2, 60_000]) as never)],
  ["a payload that only has a length", async (node) => node.propose({ length: 3 } as never)],
];

test("what is no argument is refused, on a leader and on a follower, and both go on", async () => {
  const world = new World(1, ["a", "b", "c"]);
  await world.startAll();
  const leader = await world.untilLeader();
  await world.runFor(500);
  const before = leader.node.status();
  for (const [what, call] of calls) {
    for (const { node } of world.running.values()) {
      const refusal = await world.kernel.until(call(node).catch((error: unknown) => error));
      expect(refusal, what).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT", ambiguous: false });
    }
  }
  await world.runFor(3000);
  const { lastIndex, term, configuration } = leader.node.status();
  expect({ lastIndex, term, configuration }).toEqual({
    lastIndex: before.lastIndex,
    term: before.term,
    configuration: before.configuration,
  });
  for (const { stopped } of world.running.values()) expect(stopped).toBeNull();
});

test("a refused payload is told by a promise, not by a throw", async () => {
  const world = new World(1, ["a"]);
  await world.start("a");
  const { node } = await world.untilLeader();
  const refused = node.propose(undefined as never);
  await expect(refused).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("what is changed after the call changes nothing of it", async () => {
  const world = new World(1, ["a"]);
  await world.start("a");
  const { node } = await world.untilLeader();
  const changes = [{ type: "lease-reads", on: true }];
  const changed = node.changeMembers(changes as never);
  changes[0] = null as never;
  expect(await world.kernel.until(changed)).toMatchObject({ leaseReads: true });
});
