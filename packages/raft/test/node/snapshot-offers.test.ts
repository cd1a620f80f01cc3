import { expect, test } from "vitest";
import type { SnapshotOffer } from "../../src/core/message.ts";
import { SnapshotOffers } from "../../src/node/snapshot-offers.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import { configuration, DiskFixture } from "../storage/disk-fixture.ts";

const repeatMs = 1000;

async function fixture(indexes: readonly number[]) {
  const disk = new DiskFixture();
  const snapshots = await disk.run(SnapshotStore.open(disk.host.disk.files));
  for (const index of indexes) {
    const writer = await disk.run(snapshots.create({ index, term: 1 }));
    await disk.run(writer.write(Uint8Array.of(index)));
    const meta = await disk.run(writer.commit({ timeMs: 1, configuration, seq: 1, installed: false }));
    await disk.run(snapshots.adopt(meta));
  }
  return disk;
}

/** The same in a later life: nothing is known of the bytes yet. */
async function offering(disk: DiskFixture, base = 0) {
  disk.powerLoss();
  const snapshots = await disk.run(SnapshotStore.open(disk.host.disk.files));
  const sent: SnapshotOffer[] = [];
  const ended: boolean[] = [];
  const damaged: number[] = [];
  const offers = new SnapshotOffers({
    clock: disk.host.clock,
    store: snapshots,
    repeatMs,
    base: () => base,
    send: (_, offer) => sent.push(offer),
    onSent: (_, ok) => ended.push(ok),
    onDamaged: ({ last }) => damaged.push(last.index),
    onFailure: (error) => {
      throw error;
    },
  });
  const pass = async (ms: number): Promise<void> => {
    await disk.kernel.run({ untilMs: disk.kernel.nowMs + ms });
    offers.tick(3, true);
  };
  return { offers, sent, ended, damaged, pass, snapshots };
}

const reply = { type: "snapshot-reply", term: 3, last: { index: 7, term: 1 }, received: 0 } as const;

test("the newest snapshot is offered again and again until its receiver has it", async () => {
  const { offers, sent, ended, pass } = await offering(await fixture([4, 7]));
  offers.start("b", 3);
  await pass(50);
  expect(sent).toMatchObject([
    { type: "snapshot-offer", term: 3, last: { index: 7, term: 1 }, totalBytes: 1 },
  ]);
  for (let k = 0; k < 30; k += 1) {
    await pass(repeatMs);
    offers.replied("b", { ...reply, done: false });
  }
  expect(sent.length).toBeGreaterThanOrEqual(30);
  offers.replied("b", { ...reply, last: { index: 4, term: 1 }, done: true });
  expect(ended).toEqual([]);
  offers.replied("b", { ...reply, done: true });
  expect(ended).toEqual([true]);
});

test("an offer ends when nobody answers, with its term, with the leadership and with the links", async () => {
  const { offers, sent, ended, pass } = await offering(await fixture([7]));
  offers.start("b", 3);
  await pass(50);
  for (let k = 0; k < 12; k += 1) await pass(repeatMs);
  expect([ended, sent.length]).toEqual([[false], 11]);
  offers.start("b", 3);
  offers.tick(4, true);
  expect(ended).toHaveLength(2);
  offers.start("b", 4);
  offers.tick(4, false);
  expect(ended).toHaveLength(3);
  offers.start("b", 4);
  offers.stop("b");
  expect(ended).toEqual([false, false, false, false]);
  await pass(50);
  expect(sent).toHaveLength(11);
});

test("what is offered stays on the disk", async () => {
  const disk = await fixture([4, 7]);
  const { offers, snapshots, pass } = await offering(disk);
  offers.start("b", 3);
  await pass(50);
  for (const index of [8, 9]) {
    const writer = await disk.run(snapshots.create({ index, term: 1 }));
    const meta = await disk.run(writer.commit({ timeMs: 1, configuration, seq: 1, installed: false }));
    await disk.run(snapshots.adopt(meta));
  }
  expect(snapshots.all.map(({ last }) => last.index)).toEqual([7, 8, 9]);
});

test("a damaged snapshot is not offered: the older one is, if the log goes on from it", async () => {
  const disk = await fixture([4, 7]);
  disk.machine.disk.flipFile("snapshots/7-1.data");
  const first = await offering(disk);
  first.offers.start("b", 3);
  await first.pass(50);
  expect(first.sent).toMatchObject([{ last: { index: 4, term: 1 } }]);
  expect(first.damaged).toEqual([7]);
  const second = await offering(disk, 5);
  second.offers.start("b", 3);
  await second.pass(50);
  expect([second.sent, second.ended]).toEqual([[], [false]]);
});

test("without a snapshot there is nothing to offer", async () => {
  const { offers, ended, pass } = await offering(await fixture([]));
  offers.start("b", 3);
  await pass(50);
  expect(ended).toEqual([false]);
});
