import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeConfiguration } from "../../src/core/config/config-codec.ts";
import type { SnapshotHead } from "../../src/core/snapshot-head.ts";
import type { Storage } from "../../src/storage/open-storage.ts";
import { crashedAt } from "./crash-sweep.ts";
import type { Step } from "./crash-sweep.ts";
import { configuration, contents, DiskFixture, entries, task } from "./disk-fixture.ts";

const timeout = 120_000;
const chunkBytes = 3;
const old = Uint8Array.from({ length: 20 }, (_, k) => k);
const content = Uint8Array.from({ length: 80 }, (_, k) => 100 + k);
const head: SnapshotHead = {
  last: { index: 20, term: 4 },
  timeMs: 1020,
  configuration,
  totalBytes: content.length,
  hash: createHash("sha256").update(content).digest("hex"),
};
const resetConfig = { index: 1, payload: encodeConfiguration(configuration) };

async function begin(storage: Storage): Promise<void> {
  const { log, highWater } = storage;
  await log.append(task({ entries: entries(1, 9, 1), hardState: { term: 1, vote: "a" }, commit: 9 }));
  highWater.note(log.seq);
}

async function take(storage: Storage, index: number, bytes: Uint8Array): Promise<void> {
  const { snapshots, log } = storage;
  const writer = await snapshots.create({ index, term: 1 });
  for (let at = 0; at < bytes.length; at += chunkBytes)
    await writer.write(bytes.subarray(at, at + chunkBytes));
  const facts = { timeMs: 1000 + index, configuration, seq: log.seq, installed: false };
  await snapshots.adopt(await writer.commit(facts));
}

async function compact(storage: Storage, index: number): Promise<void> {
  storage.log.compactTo({ index, term: 1 });
  await storage.log.append(task({ commit: 9 }));
  storage.highWater.note(storage.log.seq);
}

/** Receives what is missing and makes it a snapshot; what it went on from. */
async function receive(storage: Storage): Promise<number> {
  const incoming = await storage.snapshots.receive(head);
  const from = incoming.received;
  while (!incoming.isComplete)
    await incoming.write(content.subarray(incoming.received, incoming.received + chunkBytes));
  expect(incoming.isWhole()).toBe(true);
  await storage.snapshots.finish(incoming, storage.log.seq);
  return from;
}

async function reset(storage: Storage): Promise<void> {
  const { log, highWater } = storage;
  const change = { reset: head.last, hardState: { term: 4, vote: null }, commit: 20 };
  await log.append({ ...task(change), resetConfig });
  highWater.note(log.seq);
}

function describe({ stateMachine }: DiskFixture, storage: Storage): string {
  const { recovered, restore, log } = storage;
  restore?.replace();
  return JSON.stringify([
    recovered.snapshot.index,
    restore === null ? [] : [...stateMachine.bytes],
    log.base.index,
    contents(storage),
  ]);
}

async function reopened(disk: DiskFixture): Promise<string> {
  const storage = await disk.open();
  const state = describe(disk, storage);
  await disk.run(storage.log.close());
  disk.powerLoss();
  return state;
}

/** Every state found after so many finished steps, none of them first. */
async function legalStates(steps: readonly Step[]): Promise<string[]> {
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

/** Loses power at every stage of every write; `judge` sees what is found then. */
async function sweep(
  steps: readonly Step[],
  judge: (disk: DiskFixture, finished: number, where: string) => Promise<void>,
): Promise<number> {
  for (let point = 1; ; point += 1) {
    for (const seed of [point, point + 1000, point + 2000, point + 3000]) {
      const disk = new DiskFixture(seed);
      const finished = await crashedAt(disk, point, steps);
      if (finished === null) return point - 1;
      await judge(disk, finished, `power loss at write ${point}, seed ${seed}, step ${finished}`);
    }
  }
}

async function expectOneOf(disk: DiskFixture, legal: readonly string[], finished: number, where: string) {
  const state = await reopened(disk);
  expect(finished < 0 ? legal.slice(0, 1) : legal.slice(finished, finished + 2), where).toContain(state);
  expect(await reopened(disk), where).toBe(state);
}

test(
  "a power loss at any write of taking snapshots finds the state before or after",
  { timeout },
  async () => {
    const steps: readonly Step[] = [
      begin,
      async (storage) => take(storage, 4, old),
      async (storage) => take(storage, 7, content),
      async (storage) => compact(storage, 4),
      async (storage) => take(storage, 9, old),
      async (storage) => compact(storage, 7),
    ];
    const legal = await legalStates(steps);
    const points = await sweep(steps, async (disk, finished, where) =>
      expectOneOf(disk, legal, finished, where),
    );
    expect(points).toBeGreaterThan(2 * steps.length);
  },
);

test(
  "a power loss at any write of an installation finds the state before or after",
  { timeout },
  async () => {
    const steps: readonly Step[] = [
      begin,
      async (storage) => take(storage, 4, old),
      async (storage) => {
        await receive(storage);
      },
      reset,
    ];
    const legal = await legalStates(steps);
    // A snapshot that is durable and not installed is installed by the next opening.
    expect(legal[3]).toBe(legal[4]);
    const points = await sweep(steps, async (disk, finished, where) =>
      expectOneOf(disk, legal, finished, where),
    );
    expect(points).toBeGreaterThan(20);
  },
);

test("a power loss at any write of a receipt leaves what can be gone on with", { timeout }, async () => {
  const steps: readonly Step[] = [
    begin,
    async (storage) => {
      await receive(storage);
    },
  ];
  const resumed = new Set<number>();
  await sweep(steps, async (disk, _, where) => {
    const storage = await disk.open();
    if (storage.recovered.snapshot.index !== head.last.index) {
      resumed.add(await disk.run(receive(storage)));
    }
    const [meta] = storage.snapshots.all;
    if (meta === undefined) throw new Error(`no snapshot after ${where}`);
    await disk.run(storage.log.close());
    const again = await disk.open();
    again.restore?.replace();
    expect([...disk.stateMachine.bytes], where).toEqual([...content]);
    await disk.run(again.log.close());
  });
  // Eight writes between two records.
  expect([...resumed].toSorted((a, b) => a - b)).toEqual([0, 24, 48, 72]);
});
