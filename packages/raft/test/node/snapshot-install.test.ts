import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { ids, lagging } from "./lagging.ts";
import { SlicedCounter } from "./sliced-counter.ts";

const timeout = 120_000;
const pieces = 6;

type Lagging = Awaited<ReturnType<typeof lagging>>;

/** Starts the one that was away; resolves in its piece of work of that number. */
async function untilPiece({ world, away }: Lagging, counter: SlicedCounter, piece: number): Promise<void> {
  let isThere = false;
  counter.onWork = (number) => {
    isThere ||= number === piece;
  };
  const started = world.begin(away, counter);
  await world.kernel.run({ untilMs: world.kernel.nowMs + 60_000, until: () => isThere });
  expect(isThere).toBe(true);
  await started;
}

/** It never held a part of what was installed. */
function expectWholeAlways({ leader }: Lagging, counter: SlicedCounter): void {
  const { held, applied } = counter;
  expect(held.length).toBeGreaterThan(0);
  expect(Math.max(...held)).toBeLessThanOrEqual(5);
  expect(applied).toEqual(leader.counter.applied);
}

test(
  "a snapshot is taken up in pieces, beside the state in use, which is replaced at once",
  { timeout },
  async () => {
    const scene = await lagging(1);
    const counter = new SlicedCounter(pieces);
    await untilPiece(scene, counter, pieces);
    await scene.expectEqual();
    expect(counter.held.length).toBe(pieces);
    expect(counter.replaced).toEqual([120]);
    expectWholeAlways(scene, counter);
  },
);

test(
  "a start takes its own snapshot up in pieces, and a crash at any of them costs nothing",
  { timeout },
  async () => {
    const { world, third, expectEqual } = await lagging(2);
    world.crash(third, true);
    for (let piece = 1; piece <= pieces; piece += 1) {
      const counter = new SlicedCounter(pieces);
      let isThere = false;
      counter.onWork = (number) => {
        isThere ||= number === piece;
      };
      const started = world.begin(third, counter);
      void started.catch(() => {});
      await world.kernel.run({ untilMs: world.kernel.nowMs + 60_000, until: () => isThere });
      if (piece < pieces) expect(counter.replaced).toEqual([]);
      world.crash(third, piece % 2 === 0);
    }
    for (const id of ids) if (!world.running.has(id)) await world.start(id, new SlicedCounter(pieces));
    await expectEqual();
  },
);

const disturbances: readonly (readonly [string, (scene: Lagging) => Promise<void>])[] = [
  ["the receiver loses power", async ({ world, away }) => world.crash(away, true)],
  ["the receiver's process dies", async ({ world, away }) => world.crash(away, false)],
  [
    "the receiver is closed",
    async ({ world, away }) => {
      const closing = world.running.get(away)?.node.close();
      await world.kernel.until(closing ?? Promise.resolve());
      world.crash(away, false);
    },
  ],
  ["the leader loses power", async ({ world, leader }) => world.crash(leader.node.id, true)],
  ["the leader's process dies", async ({ world, leader }) => world.crash(leader.node.id, false)],
  [
    "the receiver is cut off for a while",
    async ({ world, away }) => {
      const others = ids.filter((id) => id !== away);
      for (const other of others) world.kernel.network.cutBoth(away, other);
      await world.runFor(4000);
      for (const other of others) {
        world.kernel.network.heal(away, other);
        world.kernel.network.heal(other, away);
      }
    },
  ],
];

test.each(disturbances)(
  "when %s at a piece of an installation, nothing is lost",
  { timeout },
  async (_, disturb) => {
    for (let piece = 1; piece <= pieces; piece += 2) {
      const scene = await lagging(10 + piece);
      const { world, expectEqual } = scene;
      await untilPiece(scene, new SlicedCounter(pieces), piece);
      await disturb(scene);
      await world.runFor(2000);
      for (const id of ids) if (!world.running.has(id)) await world.start(id, new SlicedCounter(pieces));
      await expectEqual();
    }
  },
);

test(
  "a member votes and keeps its state while it installs, and takes a newer snapshot after it",
  { timeout },
  async () => {
    const scene = await lagging(3);
    const { world, leader, away, third, add, expectEqual } = scene;
    const many = 8000;
    const counter = new SlicedCounter(many);
    await untilPiece(scene, counter, 1);
    // Eight seconds of work, with another snapshot and an election in the middle of it.
    world.kernel.node(away).setServiceTime(1);
    await add(60, leader);
    world.crash(leader.node.id, false);
    // It votes, though it cannot vouch for entries yet.
    const leads = (): boolean => world.running.get(third)?.node.status().role === "leader";
    await world.kernel.run({ untilMs: world.kernel.nowMs + 2000, until: leads });
    expect(leads()).toBe(true);
    expect(counter.replaced).toEqual([]);
    expect(counter.held.length).toBeLessThan(many);
    await world.start(leader.node.id);
    await world.runFor(20_000);
    world.kernel.node(away).setServiceTime(0);
    await expectEqual();
    // Nor does it disturb anybody.
    expect((await world.untilLeader()).node.status().term).toBe(2);
    expect(counter.replaced).toEqual([120, 160]);
    expect(Math.max(...counter.held.slice(0, many))).toBeLessThanOrEqual(5);
  },
);

test("bytes that go bad between arrival and reading are fetched again", { timeout }, async () => {
  const scene = await lagging(4);
  const { world, away, expectEqual } = scene;
  const { disk } = world.kernel.node(away);
  const counter = new SlicedCounter(pieces);
  let begun = 0;
  counter.onBegin = () => {
    begun += 1;
    if (begun === 1) disk.flipFile("snapshots/120-1.data");
  };
  await untilPiece(scene, counter, pieces);
  await expectEqual();
  expect(begun).toBe(2);
  expect(counter.replaced).toEqual([120]);
  expectWholeAlways(scene, counter);
});

test(
  "a state machine that refuses a sound snapshot stops the node, which keeps its old state",
  { timeout },
  async () => {
    const scene = await lagging(5);
    const { world, away, expectEqual } = scene;
    const counter = new SlicedCounter(pieces);
    counter.onProve = () => {
      throw new FlotillaError("ERR_FLOTILLA_UNSUPPORTED", "of a later version");
    };
    await untilPiece(scene, counter, pieces);
    await world.runFor(1000);
    const process = world.running.get(away);
    expect(process?.stopped).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_UNSUPPORTED" } });
    expect(counter.replaced).toEqual([]);
    world.crash(away, false);
    const again = new SlicedCounter(pieces);
    await world.start(away, again);
    expect(again.held).toEqual([]);
    await expectEqual();
  },
);
