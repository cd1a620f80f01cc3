import { expect } from "vitest";
import type { RaftOptions } from "../../src/index.ts";
import { World } from "./world.ts";
import type { Process } from "./world.ts";

export const ids: readonly string[] = ["a", "b", "c"];
const options: Partial<RaftOptions> = {
  snapshotEntries: 40,
  trailingEntries: 0,
  trailingBytes: 0,
  snapshotChunkBytes: 64,
};

/** A leader and two followers, one of them away while the log it lacks was compacted. */
export async function lagging(seed: number, change: Partial<RaftOptions> = {}) {
  const world = new World(seed, ids, { ...options, ...change });
  await world.startAll();
  const leader = await world.untilLeader();
  const [away = "", third = ""] = ids.filter((id) => id !== leader.node.id);
  let added = 0;
  const add = async (count: number, at: Process): Promise<void> => {
    for (let k = 0; k < count; k += 1) {
      await world.kernel.until(world.propose(at, String(1_000_000_000 + added)));
      added += 1;
    }
  };
  await add(5, leader);
  await world.runFor(1000);
  world.crash(away, true);
  await add(125, leader);
  await world.runFor(1000);
  const { disk } = world.kernel.node(away);
  const isUnderWay = (): boolean => disk.durableFile("snapshots/incoming-progress") !== undefined;
  const untilUnderWay = async (): Promise<void> => {
    await world.kernel.run({ untilMs: world.kernel.nowMs + 60_000, until: isUnderWay });
    expect(isUnderWay()).toBe(true);
  };
  const expectEqual = async (): Promise<void> => {
    const last = await world.untilLeader();
    await add(1, last);
    await world.runFor(5000);
    for (const { counter, stopped } of world.running.values()) {
      expect(stopped).toBeNull();
      expect(counter.applied).toEqual(last.counter.applied);
    }
    expect(world.running.size).toBe(ids.length);
    expect(last.counter.applied.length).toBe(added);
  };
  return { world, leader, away, third, add, untilUnderWay, expectEqual, probes: world.kernel.probes };
}
