import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { Receive } from "../../src/core/event.ts";
import type { Proposed, RaftObserver } from "../../src/index.ts";
import { EntryHold } from "../../src/node/entry-hold.ts";
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

test("what a follower forwards keeps its order, whatever of it waits", async () => {
  const { world, leader, batches } = await led(12);
  // Writes that follow one another all take longer than entries wait.
  world.kernel.node(leader.node.id).disk.slow(3);
  const follower = world.running.get("c");
  if (follower === undefined) throw new Error("c runs");
  const outcomes: Promise<Proposed>[] = [];
  const texts = Array.from({ length: 40 }, (_, k) => String(k));
  for (const text of texts) {
    outcomes.push(world.propose(follower, text));
    await world.runFor(0.1);
  }
  const placed = await world.kernel.until(Promise.all(outcomes));
  expect(batches.flat()).toEqual(texts);
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

function forward(from: string, firstId: number, bytes: number): Receive {
  const message = { type: "forward", term: 1, firstId, payloads: [new Uint8Array(bytes)] } as const;
  return { type: "receive", from, incarnation: "0", message };
}

test("forwards wait in order, without those of a peer whose stream is over", () => {
  const hold = new EntryHold(
    { clock: new Kernel({ seed: 1 }).node("a").start().clock, probe: () => {} },
    64 << 20,
    () => {},
  );
  for (const [from, firstId] of [
    ["b", 1],
    ["c", 1],
    ["b", 2],
    ["c", 2],
  ] as const)
    hold.addForward(forward(from, firstId, 1));
  hold.forgetForwards("b");
  expect(hold.takeForwards().map(({ from, message }) => [from, message])).toEqual(
    [1, 2].map((firstId) => ["c", forward("c", firstId, 1).message]),
  );
  expect(hold.takeForwards()).toEqual([]);
});

test("without room for a forward nothing waits: all are handed out in order, and there is room again", () => {
  const probes: string[] = [];
  const { clock } = new Kernel({ seed: 1 }).node("a").start();
  const hold = new EntryHold({ clock, probe: (name) => probes.push(name) }, 64 << 20, () => {});
  const given = [1, 2, 3, 4, 5].map((k) => forward("b", k, 15 << 20));
  expect(given.map((each) => hold.addForward(each))).toEqual([[], [], [], [], given]);
  expect(probes).toEqual(["raft-forward-overflow"]);
  expect(hold.takeForwards()).toEqual([]);
  const [next = forward("b", 6, 1)] = given;
  expect(hold.addForward(next)).toEqual([]);
  expect(hold.takeForwards()).toEqual([next]);
});

test("a forward beyond what waits for a hand-over is refused at once, typed", async () => {
  // A follower may have far more with its leader than that one is willing to let wait.
  const world = new World(14, ["a", "b", "c"], {
    limits: { maxUncommittedBytes: 4 << 20, maxForwardedBytes: 16 << 20 },
  });
  await world.startAll();
  const { node } = await world.untilLeader();
  await world.runFor(1000);
  const [from = "", to = ""] = ["a", "b", "c"].filter((id) => id !== node.id);
  const follower = world.running.get(from)?.node;
  if (follower === undefined) throw new Error("a follower runs");
  world.kernel.network.cut(node.id, to);
  const handedOver = node.transfer(to).catch(() => "given up");
  await world.runFor(5);
  const outcomes: string[] = [];
  const note = (code: string): void => void outcomes.push(code);
  // It gives up on what nobody answers only after two election timeouts.
  const begunMs = world.kernel.nowMs;
  for (let k = 0; k < 12; k += 1) {
    follower.propose(new Uint8Array(1 << 20)).then(
      () => note("applied"),
      ({ code }: { code: string }) => note(code),
    );
    await world.runFor(5);
  }
  expect(outcomes).toContain("ERR_FLOTILLA_DROPPED");
  expect(outcomes).not.toContain("applied");
  expect(world.kernel.nowMs - begunMs).toBeLessThan(1000);
  expect(await world.kernel.until(handedOver)).toBe("given up");
});
