import { expect, test } from "vitest";
import { lagging } from "./lagging.ts";

/** Of both members that have one. */
const newest = "snapshots/120-1.data";
const timeout = 120_000;

test("members take their snapshots at the same entries, byte for byte alike", { timeout }, async () => {
  const { world, leader, third } = await lagging(1);
  for (const name of ["snapshots/80-1.data", "snapshots/120-1.data"]) {
    const [one, other] = [leader.node.id, third].map((id) => world.kernel.node(id).disk.durableFile(name));
    expect(one?.length).toBeGreaterThan(500);
    expect(one).toEqual(other);
  }
});

test("a snapshot comes in many chunks", { timeout }, async () => {
  const { world, away, expectEqual, probes } = await lagging(2);
  await world.start(away);
  await expectEqual();
  expect(probes.get("raft.snapshot-chunk-out-of-order")).toBeUndefined();
  expect(probes.get("raft.snapshot-other-source")).toBeUndefined();
});

test("a receiver that loses power goes on where it was", { timeout }, async () => {
  const { world, away, untilUnderWay, expectEqual, probes } = await lagging(3);
  await world.start(away);
  await untilUnderWay();
  world.crash(away, true);
  await world.start(away);
  await expectEqual();
  expect(probes.get("raft.snapshot-resumed")).toBe(1);
});

test.each([
  ["its process dies", false],
  ["it loses power, which nobody hears of", true],
])("when %s, a leader's snapshot comes from whoever has the same one", { timeout }, async (_, powerOff) => {
  const { world, leader, away, untilUnderWay, expectEqual, probes } = await lagging(4);
  await world.start(away);
  await untilUnderWay();
  world.crash(leader.node.id, powerOff);
  await world.runFor(2500);
  expect(probes.get("raft.snapshot-other-source")).toBe(1);
  expect(world.running.get(away)?.node.status().snapshotIndex).toBe(120);
  await world.start(leader.node.id);
  await expectEqual();
});

test("a lost link costs what was under way, not what has arrived", { timeout }, async () => {
  const { world, leader, away, third, untilUnderWay, expectEqual, probes } = await lagging(5);
  await world.start(away);
  await untilUnderWay();
  for (const other of [leader.node.id, third]) world.kernel.network.cutBoth(away, other);
  await world.runFor(6000);
  for (const other of [leader.node.id, third]) {
    world.kernel.network.heal(away, other);
    world.kernel.network.heal(other, away);
  }
  await expectEqual();
  expect(probes.get("raft.snapshot-checksum")).toBeUndefined();
});

test("a damaged snapshot of the leader's is neither sent nor kept", { timeout }, async () => {
  // Back to the older snapshot, which the start falls back on.
  const { world, leader, away, third, expectEqual } = await lagging(6, { trailingBytes: 100_000 });
  const { id } = leader.node;
  const { disk } = world.kernel.node(id);
  world.crash(id, true);
  world.crash(third, true);
  disk.flipFile(newest);
  await world.start(id);
  await world.start(third);
  await world.start(away);
  await expectEqual();
});

test(
  "one that goes bad while its node runs is noticed by whoever gets it, and another is taken",
  { timeout },
  async () => {
    const { world, leader, away, third, expectEqual, probes } = await lagging(7);
    for (const id of [leader.node.id, third]) {
      const { disk } = world.kernel.node(id);
      disk.flipFile(newest);
    }
    await world.start(away);
    await world.runFor(10_000);
    await expectEqual();
    expect(probes.get("raft.snapshot-checksum")).toBeGreaterThan(0);
    const ruined = world.running.get(away)?.node.status().snapshotIndex;
    expect(ruined).toBeGreaterThanOrEqual(120);
  },
);

test("a crash at any write of an installation costs nothing", { timeout: 300_000 }, async () => {
  let points = 0;
  for (let point = 1; ; point += 2) {
    const { world, away, expectEqual } = await lagging(100 + point);
    const { disk } = world.kernel.node(away);
    const state = { stages: 0, crashed: false };
    const stop = disk.onWrite(() => {
      state.stages += 1;
      if (state.stages !== point) return;
      state.crashed = true;
      world.crash(away, point % 4 === 1);
    });
    const started = world.begin(away);
    await world.kernel.run({ untilMs: world.kernel.nowMs + 4000, until: () => state.crashed });
    stop();
    if (!state.crashed) {
      await started;
      break;
    }
    world.running.delete(away);
    await world.start(away);
    await expectEqual();
    points += 1;
  }
  expect(points).toBeGreaterThan(10);
});
