import { expect, test } from "vitest";
import type { Storage } from "../../src/storage/open-storage.ts";
import { crashedAt } from "./crash-sweep.ts";
import type { Step } from "./crash-sweep.ts";
import { configuration, contents, DiskFixture, entries, task } from "./disk-fixture.ts";

async function save(storage: Storage, index: number, term: number, installed: boolean): Promise<void> {
  const writer = await storage.snapshots.create({ index, term });
  await writer.write(Uint8Array.of(index));
  await writer.write(Uint8Array.of(term));
  const meta = await writer.commit({ timeMs: 1000 + index, configuration, seq: storage.log.seq, installed });
  await storage.snapshots.adopt(meta);
}

async function append(storage: Storage, change: Parameters<typeof task>[0]): Promise<void> {
  const resetConfig = { index: 1, payload: Uint8Array.from(entries(1, 1, 1)[0]?.payload ?? []) };
  await storage.log.append(change.reset ? { ...task(change), resetConfig } : task(change));
  storage.highWater.note(storage.log.seq);
  if (change.hardState) await storage.highWater.sync();
}

const steps: readonly Step[] = [
  (storage) => append(storage, { entries: entries(1, 4, 1), hardState: { term: 1, vote: "a" } }),
  (storage) => append(storage, { entries: entries(5, 9, 1), commit: 2 }),
  (storage) =>
    append(storage, { truncateFrom: 7, entries: entries(7, 8, 2), hardState: { term: 2, vote: null } }),
  (storage) => append(storage, { truncateFrom: 8, hardState: { term: 3, vote: "b" } }),
  (storage) => append(storage, { truncateFrom: 6, entries: entries(6, 8, 3), commit: 7 }),
  (storage) => save(storage, 4, 1, false),
  async (storage) => {
    storage.log.compactTo({ index: 4, term: 1 });
    await append(storage, { entries: entries(9, 9, 3), commit: 8 });
  },
  (storage) => save(storage, 7, 3, false),
  async (storage) => {
    storage.log.compactTo({ index: 6, term: 3 });
    await append(storage, { commit: 9 });
  },
  (storage) => append(storage, { entries: entries(10, 12, 3) }),
  (storage) => save(storage, 20, 4, true),
  (storage) =>
    append(storage, {
      reset: { index: 20, term: 4 },
      entries: entries(21, 22, 4),
      hardState: { term: 4, vote: null },
    }),
  (storage) =>
    append(storage, { truncateFrom: 22, entries: entries(22, 23, 5), hardState: { term: 5, vote: "a" } }),
];

function describe(storage: Storage): string {
  const { hardState, snapshot } = storage.recovered;
  const { base } = storage.log;
  return JSON.stringify([hardState.term, hardState.vote, snapshot.index, base.index, contents(storage)]);
}

async function reopened(disk: DiskFixture): Promise<string> {
  const storage = await disk.open();
  const state = describe(storage);
  await disk.run(storage.log.close());
  disk.powerLoss();
  return state;
}

/** The state found after each finished step, the birth first. */
async function legalStates(): Promise<string[]> {
  const disk = new DiskFixture();
  const states = [await reopened(disk)];
  for (const step of steps) {
    const storage = await disk.open();
    await disk.run(step(storage));
    await disk.run(storage.log.close());
    disk.powerLoss();
    states.push(await reopened(disk));
  }
  return states;
}

test(
  "a power loss at any write finds the state before or after the step under way",
  { timeout: 120_000 },
  async () => {
    const legal = await legalStates();
    let points = 0;
    for (let point = 1; ; point += 1) {
      for (const seed of [point, point + 1000, point + 2000]) {
        const disk = new DiskFixture(seed);
        const finished = await crashedAt(disk, point, steps);
        if (finished === null) {
          expect(points).toBeGreaterThan(2 * steps.length);
          return;
        }
        const state = await reopened(disk);
        const allowed = finished < 0 ? legal.slice(0, 1) : legal.slice(finished, finished + 2);
        expect(allowed, `power loss at write ${point}, seed ${seed}, step ${finished}`).toContain(state);
        expect(await reopened(disk)).toBe(state);
      }
      points += 1;
    }
  },
);
