import { expect, test } from "vitest";
import type { RaftObserver } from "../../src/index.ts";
import type { Process } from "./world.ts";
import { World } from "./world.ts";

/** The commands in each append, in the order they left for one peer. */
interface Sent {
  readonly batches: string[][];
  readonly observer: RaftObserver;
}

function watchAppends(peer: string): Sent {
  const batches: string[][] = [];
  return {
    batches,
    observer: {
      onSend: (to, message) => {
        if (to !== peer || message.type !== "append") return;
        const commands = message.entries.filter((entry) => entry.kind === "command");
        if (commands.length > 0)
          batches.push(commands.map((entry) => new TextDecoder().decode(entry.payload)));
      },
    },
  };
}

/** A world led by someone, and what it sends to `c`. */
async function led(seed: number): Promise<{ world: World; leader: Process; batches: string[][] }> {
  const { batches, observer } = watchAppends("c");
  const world = new World(seed, ["a", "b", "c"], { observer });
  await world.startAll();
  let leader = await world.untilLeader();
  while (leader.node.id === "c") {
    world.crash("c", false);
    leader = await world.untilLeader();
    await world.start("c");
    await world.runFor(1000);
  }
  await world.kernel.until(world.propose(leader, "first"));
  await world.runFor(50);
  batches.length = 0;
  return { world, leader, batches };
}

test("what is proposed during a write reaches a peer with the next one, as one message", async () => {
  const { world, leader, batches } = await led(11);
  world.kernel.node(leader.node.id).disk.slow(0.5);
  const outcomes = [world.propose(leader, "1")];
  for (const text of ["2", "3", "4"]) {
    await world.runFor(0.1);
    outcomes.push(world.propose(leader, text));
  }
  await world.kernel.until(Promise.all(outcomes));
  expect(batches).toEqual([["1"], ["2", "3", "4"]]);
});

test("what a follower forwards during a write waits as well, in order", async () => {
  const { world, leader, batches } = await led(12);
  world.kernel.node(leader.node.id).disk.slow(0.9);
  const follower = world.running.get("c");
  if (follower === undefined) throw new Error("c runs");
  const outcomes = [world.propose(leader, "1")];
  await world.runFor(0.05);
  for (const text of ["2", "3"]) {
    outcomes.push(world.propose(follower, text));
    await world.runFor(0.01);
  }
  const placed = await world.kernel.until(Promise.all(outcomes));
  expect(batches.flat()).toEqual(["1", "2", "3"]);
  expect(batches[0]).toEqual(["1"]);
  expect(placed.map(({ index }) => index)).toEqual(placed.map((_, k) => (placed[0]?.index ?? 0) + k));
});

test("behind a disk that hangs, new entries wait a millisecond and no longer", async () => {
  const { world, leader, batches } = await led(13);
  world.kernel.node(leader.node.id).disk.stick();
  const outcomes = [world.propose(leader, "1").catch(() => null)];
  await world.runFor(0.2);
  outcomes.push(world.propose(leader, "2").catch(() => null));
  await world.runFor(0.6);
  expect(batches).toEqual([["1"]]);
  await world.runFor(0.8);
  expect(batches).toEqual([["1"], ["2"]]);
  await world.runFor(50);
  expect(world.running.get("c")?.counter.applied.length).toBe(3);
  world.kernel.node(leader.node.id).disk.unstick();
  await world.kernel.until(Promise.all(outcomes));
});
