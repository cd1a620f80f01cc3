import { expect, test } from "vitest";
import { encodeEntry, encodeRun } from "../../src/core/entry-codec.ts";
import { HighWater } from "../../src/storage/high-water.ts";
import { hardKey, identityKey, runKey, tailKey } from "../../src/storage/keys.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/open-storage.ts";
import { configuration, contents, DiskFixture, entries, founders, task, within } from "./disk-fixture.ts";

/** A disk with five entries in two batches, synced and closed. */
async function written(): Promise<DiskFixture> {
  const disk = new DiskFixture();
  const storage = await disk.open();
  await disk.run(storage.log.append(task({ entries: entries(1, 3, 1), hardState: { term: 1, vote: "a" } })));
  await disk.run(storage.log.append(task({ entries: entries(4, 5, 1), commit: 3 })));
  storage.highWater.note(storage.log.seq);
  await disk.run(storage.highWater.sync());
  await disk.run(storage.log.close());
  disk.powerLoss();
  return disk;
}

async function snapshotAt(
  disk: DiskFixture,
  storage: Storage,
  index: number,
  term: number,
  installed: boolean,
): Promise<void> {
  const writer = await disk.run(storage.snapshots.create({ index, term }));
  await disk.run(writer.write(Uint8Array.of(index)));
  const facts = { timeMs: 1000 + index, configuration, seq: storage.log.seq, installed };
  const meta = await disk.run(writer.commit(facts));
  await disk.run(storage.snapshots.adopt(meta));
}

test("a first start makes an identity, and a second one finds it with the log", async () => {
  const disk = await written();
  const { recovered, log, incarnation } = await disk.open({ founds: false });
  expect(incarnation).toMatch(/^[0-9a-f]{32}$/);
  expect(recovered.hardState).toEqual({ term: 1, vote: "a" });
  expect(recovered.last).toEqual({ index: 5, term: 1 });
  expect(recovered.commit).toBe(3);
  expect(recovered.lastTimeMs).toBe(1005);
  expect(recovered.termRuns).toEqual([{ index: 1, term: 1 }]);
  expect(recovered.configurations.map(({ index }) => index)).toEqual([0, 1]);
  expect(recovered.configurations[0]?.voters).toEqual(
    founders.map((founder) => ({ ...founder, incarnation: "" })),
  );
  expect(log.read(2, within(1_000_000))).toHaveLength(4);
});

test("an open that finds a configuration that cannot be read leaves nothing running", async () => {
  const disk = await written();
  const { log } = await disk.open();
  const facts = { index: 6, term: 1, timeMs: 1006, kind: "config" } as const;
  await disk.run(log.append(task({ entries: [encodeEntry({ ...facts, payload: Uint8Array.of(1) })] })));
  disk.powerLoss();
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + 200 });
  expect(disk.machine.timers).toBe(0);
});

test("without data and without founders there is nothing to open", async () => {
  await expect(new DiskFixture().open({ founds: false })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_CONFIG",
  });
  await expect(new DiskFixture().open({ id: "z" })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_CONFIG",
  });
});

test.each([
  ["an address without a port", { bootstrap: [{ id: "a", address: "localhost" }] }],
  ["a port that is none", { bootstrap: [{ id: "a", address: "a:99999" }] }],
  ["port 0", { bootstrap: [{ id: "a", address: "a:0" }] }],
  ["an address where one can only listen", { bootstrap: [{ id: "a", address: "0.0.0.0:1" }] }],
  ["an address that is too long", { bootstrap: [{ id: "a", address: `${"x".repeat(310)}:1` }] }],
  ["an address that is none", { bootstrap: [{ id: "a", address: 7 }] }],
  [
    "a founder whose id is none",
    {
      bootstrap: [
        { id: "a", address: "a:1" },
        { id: "b c", address: "b:1" },
      ],
    },
  ],
  ["a founder that is nothing", { bootstrap: [null, { id: "a", address: "a:1" }] }],
  ["founders that are no list", { bootstrap: "a" }],
  ["an id of 65 characters", { id: "j".repeat(65), join: true }],
  ["an empty id", { id: "", join: true }],
  ["an id that is a number", { id: 7, join: true }],
  ["an id with a space", { id: "not an id", join: true }],
  ["a cluster of 257 bytes", { cluster: "c".repeat(257), join: true }],
  ["a cluster of 256 characters and more bytes", { cluster: `${"c".repeat(255)}é`, join: true }],
  ["a cluster that UTF-8 has no form of", { cluster: "c\ud800", join: true }],
  ["a cluster that is a number", { cluster: 7, join: true }],
])("data is not made with %s, and may be made otherwise after it", async (_, facts) => {
  const disk = new DiskFixture();
  const { host } = disk;
  const options = { host, cluster: "test", id: "a", onFailure: () => {} };
  await expect(disk.run(openStorage({ ...options, ...facts } as never))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_CONFIG",
  });
  const { recovered } = await disk.open();
  expect(recovered.configurations[0]?.voters).toHaveLength(founders.length);
});

test("data made with the longest names and address is found again", async () => {
  const disk = new DiskFixture();
  const id = "j".repeat(64);
  const cluster = "é".repeat(128);
  const bootstrap = [{ id, address: `${"x".repeat(253)}:65535` }];
  const open = async (): Promise<Storage> =>
    disk.run(openStorage({ host: disk.host, cluster, id, bootstrap, onFailure: () => {} }));
  const { incarnation } = await open();
  disk.powerLoss();
  const { recovered, incarnation: again } = await open();
  expect(again).toBe(incarnation);
  expect(recovered.configurations[0]?.voters).toEqual([{ ...bootstrap[0], incarnation: "" }]);
});

test.each([
  ["another node", { id: "b" }],
  ["another cluster", { cluster: "other" }],
])("the data of %s is foreign", async (_, change) => {
  const disk = await written();
  await expect(disk.open(change)).rejects.toMatchObject({ code: "ERR_FLOTILLA_FOREIGN" });
});

const damages: readonly (readonly [string, (disk: DiskFixture) => void])[] = [
  ["the store is empty", ({ machine }) => machine.disk.emptyStore("log")],
  ["the last batch is gone", ({ machine }) => machine.disk.cutStore("log", 1)],
  ["all batches but the first are gone", ({ machine }) => machine.disk.cutStore("log", 2)],
  ["a batch in the middle is gone", ({ machine }) => machine.disk.loseBatches("log", 1, 1)],
  ["the identity file is gone", ({ machine }) => machine.disk.loseFile("identity")],
  ["a bit of the identity file is flipped", ({ machine }) => machine.disk.flipFile("identity")],
  ["the identity file is cut short", ({ machine }) => machine.disk.truncateFile("identity", 3)],
  ["the high-water file is gone", ({ machine }) => machine.disk.loseFile("high-water")],
  ["the high-water file is empty", ({ machine }) => machine.disk.truncateFile("high-water", 0)],
  [
    "the high-water file is zeroed",
    ({ machine }) => machine.disk.putFile("high-water", new Uint8Array(1024)),
  ],
];

test.each(damages)("open refuses when %s", async (_, damage) => {
  const disk = await written();
  damage(disk);
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});

test("one torn slot of the high-water file is no damage", async () => {
  const disk = await written();
  const file = disk.machine.disk.durableFile("high-water");
  disk.machine.disk.putFile(
    "high-water",
    file?.map((byte, at) => (at < 16 ? 0xff : byte)) ?? new Uint8Array(0),
  );
  const { recovered } = await disk.open();
  expect(recovered.last.index).toBe(5);
});

const keys = [
  ["identity", identityKey],
  ["term and vote", hardKey],
  ["the tail", tailKey],
  ["the first run", runKey(1)],
  ["the last run", runKey(4)],
] as const;

test.each(keys)("open refuses when any byte of %s is another", async (_, key) => {
  const disk = await written();
  const image = disk.machine.disk.image();
  const value = disk.machine.disk.durableStore("log").get(key);
  const length = value?.length ?? 0;
  expect(length).toBeGreaterThan(0);
  for (let at = 0; at < length; at += 1) {
    disk.machine.disk.restore(image);
    await overwrite(
      disk,
      key,
      value?.map((byte, position) => (position === at ? byte ^ 0x41 : byte)),
    );
    await expect(disk.open(), `byte ${at}`).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
    disk.powerLoss();
  }
});

test.each(keys)("open refuses when %s is missing", async (_, key) => {
  const disk = await written();
  await overwrite(disk, key, undefined);
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});

test("an entry above the tail is unexplained", async () => {
  const disk = await written();
  await overwrite(disk, runKey(6), encodeRun(entries(6, 6, 1)));
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});

test("a store rolled back to an older copy is below its mark", async () => {
  const disk = await written();
  const old = disk.machine.disk.image();
  const storage = await disk.open();
  await disk.run(storage.log.append(task({ entries: entries(6, 6, 1) })));
  storage.highWater.note(storage.log.seq);
  await disk.run(storage.highWater.sync());
  await disk.run(storage.log.close());
  disk.powerLoss();
  const mark = disk.machine.disk.durableFile("high-water") ?? new Uint8Array(0);
  disk.machine.disk.restore(old);
  disk.machine.disk.putFile("high-water", mark);
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});

test("the mark of the newest of many batches is in the file within 5 ms, without a sync", async () => {
  const disk = await written();
  const storage = await disk.open();
  for (let ahead = 1; ahead <= 40; ahead += 1) {
    storage.highWater.note(storage.log.seq + ahead);
    await disk.kernel.run({ untilMs: disk.kernel.nowMs + 0.5 });
  }
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + 5 });
  const newest = storage.log.seq + 40;
  disk.machine.stop();
  disk.host = disk.machine.start();
  const { mark } = await disk.run(HighWater.open(disk.host, () => {}));
  expect(mark).toBe(newest);
});

test("a mark that power loss took is written anew before anything else is", async () => {
  const disk = await written();
  const storage = await disk.open();
  await disk.run(storage.log.append(task({ entries: entries(6, 6, 1) })));
  disk.powerLoss();
  const again = await disk.open();
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + 5 });
  disk.machine.stop();
  disk.host = disk.machine.start();
  const { mark } = await disk.run(HighWater.open(disk.host, () => {}));
  expect(mark).toBe(again.log.seq);
});

test("runs below the base that a lazy deletion left are swept", async () => {
  const disk = await written();
  const image = disk.machine.disk.durableStore("log").get(runKey(1));
  const storage = await disk.open();
  await snapshotAt(disk, storage, 4, 1, false);
  storage.log.compactTo({ index: 4, term: 1 });
  await disk.run(storage.log.append(task({ entries: entries(6, 6, 1), commit: 5 })));
  await disk.run(storage.log.close());
  disk.powerLoss();
  await overwrite(disk, runKey(1), image);
  const again = await disk.open();
  expect(contents(again)).toEqual(["5@1", "6@1"]);
  expect(again.recovered.configurations.map(({ index }) => index)).toEqual([1]);
  await disk.run(again.log.close());
  const store = await disk.run(disk.host.disk.openStore("log"));
  expect(store.getSync(runKey(1))).toBeUndefined();
  expect(store.getSync(runKey(4))).toBeDefined();
});

test("a damaged newest snapshot falls back to the older one when the log goes on from it", async () => {
  const disk = await written();
  const storage = await disk.open();
  await snapshotAt(disk, storage, 2, 1, false);
  await snapshotAt(disk, storage, 4, 1, false);
  await disk.run(storage.log.close());
  disk.powerLoss();
  disk.machine.disk.flipFile("snapshots/4-1.data");
  const again = await disk.open();
  expect(again.restore).toMatchObject({ last: { index: 2, term: 1 } });
  expect(again.recovered.snapshot).toEqual({ index: 2, term: 1 });
});

test("a damaged snapshot that the log begins after is damage", async () => {
  const disk = await written();
  const storage = await disk.open();
  await snapshotAt(disk, storage, 4, 1, false);
  storage.log.compactTo({ index: 4, term: 1 });
  await disk.run(storage.log.append(task({})));
  await disk.run(storage.log.close());
  disk.powerLoss();
  disk.machine.disk.flipFile("snapshots/4-1.data");
  await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});

test("an own snapshot beyond the log is damage, an installed one resets the log", async () => {
  for (const installed of [false, true]) {
    const disk = await written();
    const storage = await disk.open();
    await snapshotAt(disk, storage, 9, 2, installed);
    await disk.run(storage.log.close());
    disk.powerLoss();
    if (!installed) {
      await expect(disk.open()).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
      continue;
    }
    const again = await disk.open();
    expect(again.recovered).toMatchObject({
      snapshot: { index: 9, term: 2 },
      compacted: { index: 9, term: 2 },
      last: { index: 9, term: 2 },
      hardState: { term: 2, vote: null },
      commit: 9,
      lastTimeMs: 1009,
    });
    await disk.run(again.log.append(task({ entries: entries(10, 11, 2) })));
    await disk.run(again.log.close());
    disk.powerLoss();
    expect(contents(await disk.open())).toEqual(["10@2", "11@2"]);
  }
});

test("the first storage error refuses everything after it", async () => {
  const disk = await written();
  const storage = await disk.open();
  disk.machine.disk.failNext("sync");
  const failing = storage.log.append(task({ entries: entries(6, 6, 1) }));
  await expect(disk.run(failing)).rejects.toMatchObject({ code: "ERR_FLOTILLA_STORAGE" });
  expect(storage.log.last.index).toBe(5);
});

async function overwrite(disk: DiskFixture, key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
  const store = await disk.run(disk.host.disk.openStore("log"));
  await disk.run(store.write([value === undefined ? { type: "delete", key } : { type: "put", key, value }]));
  await disk.run(store.close());
}
