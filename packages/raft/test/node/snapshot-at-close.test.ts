import { expect, test } from "vitest";
import type { Snapshot } from "../../src/index.ts";
import { Counter } from "./counter.ts";
import { World } from "./world.ts";

const timeout = 120_000;
const id = "a";
const snapshotEntries = 40;
const pieceBytes = 8;
/** Of some twenty. */
const half = 10;

/** Follows how far its snapshot is. */
class Writing extends Counter {
  pieces = 0;
  isWhole = false;

  override snapshot(): Snapshot {
    const bytes = Uint8Array.from([...super.snapshot().chunks()].flatMap((chunk) => [...chunk]));
    const chunks = function* (self: Writing): Iterable<Uint8Array> {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        self.pieces += 1;
        yield bytes.slice(at, at + pieceBytes);
      }
      self.isWhole = true;
    };
    return { chunks: () => chunks(this) };
  }
}

/** A member of a cluster of one, with its first snapshot half written, from which on each of its turns takes so long. */
async function halfWritten(turnMs: number) {
  const world = new World(1, [id], { snapshotEntries, trailingEntries: 0, trailingBytes: 0 });
  const counter = new Writing();
  await world.start(id, counter);
  const self = await world.untilLeader();
  const machine = world.kernel.node(id);
  for (let k = 0; self.node.status().applied < snapshotEntries - 1; k += 1)
    await world.kernel.until(world.propose(self, String(k)));
  await world.kernel.until(world.propose(self, "1000"));
  const isHalf = (): boolean => counter.pieces >= half;
  await world.kernel.run({ untilMs: world.kernel.nowMs + 60_000, until: isHalf });
  expect(isHalf()).toBe(true);
  expect(counter.isWhole).toBe(false);
  machine.setServiceTime(turnMs);
  return { world, self, counter, machine };
}

/** Closes it; how long that took. */
async function closed({ world, self }: Awaited<ReturnType<typeof halfWritten>>): Promise<number> {
  const begunMs = world.kernel.nowMs;
  await world.kernel.until(self.node.close());
  return world.kernel.nowMs - begunMs;
}

/** Starts it again; what it had applied, and the entry of the snapshot that it went on from. */
async function again({ world, counter, machine }: Awaited<ReturnType<typeof halfWritten>>): Promise<number> {
  world.crash(id, true);
  machine.setServiceTime(0);
  const next = new Counter();
  await world.start(id, next);
  const { node } = await world.untilLeader();
  expect(next.applied).toEqual(counter.applied);
  return node.status().snapshotIndex;
}

test("a close finishes the snapshot that is being written", { timeout }, async () => {
  const scene = await halfWritten(10);
  expect(await closed(scene)).toBeLessThan(5_000);
  expect(scene.counter.isWhole).toBe(true);
  expect(await again(scene)).toBe(snapshotEntries);
});

test("a close leaves one unfinished that takes too long, and nothing is lost", { timeout }, async () => {
  const scene = await halfWritten(500);
  const tookMs = await closed(scene);
  expect(tookMs).toBeGreaterThanOrEqual(5_000);
  expect(tookMs).toBeLessThan(10_000);
  expect(scene.counter.isWhole).toBe(false);
  expect(await again(scene)).toBe(0);
});

test("a member that fails leaves it at once", { timeout }, async () => {
  const scene = await halfWritten(10);
  const { world, self, counter } = scene;
  const { pieces } = counter;
  self.node.fail(new Error("it cannot go on"));
  await world.kernel.until(self.node.closed);
  expect(counter.pieces).toBeLessThanOrEqual(pieces + 1);
  expect(counter.isWhole).toBe(false);
  expect(await again(scene)).toBe(0);
});
