import { expect, test } from "vitest";
import {
  findPoison,
  forceNewCluster,
  foundRestored,
  inspectData,
  makeJoiner,
  restoreAtOnce,
  skipEntry,
} from "../../src/index.ts";
import type { DataReport, JoinerOptions } from "../../src/index.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/open-storage.ts";
import { contents, DiskFixture, entries, task } from "../storage/disk-fixture.ts";
import { sweep } from "./crash-sweep.ts";

const timeout = 120_000;
const command = new TextEncoder().encode("a new history");

async function empty(seed: number): Promise<DiskFixture> {
  return new DiskFixture(seed);
}

function joinerOn(disk: DiskFixture): JoinerOptions {
  return { host: disk.host, id: "a", cluster: "test" };
}

/** As a node that was started to join, or again. */
async function opened(disk: DiskFixture, join: boolean): Promise<Storage> {
  return disk.run(openStorage({ ...joinerOn(disk), join, onFailure: () => {} }));
}

async function restart(disk: DiskFixture, storage: Storage): Promise<void> {
  await disk.run(storage.log.close());
  disk.powerLoss();
}

async function reportOf(disk: DiskFixture): Promise<DataReport> {
  return disk.run(inspectData({ host: disk.host, id: "a", cluster: "test" }));
}

test(
  "a node that was to join is born whole or not at all, and once it was born stays who it is",
  { timeout },
  async () => {
    let told = "";
    const points = await sweep({
      begin: async (seed) => {
        told = "";
        return empty(seed);
      },
      work: async (disk) => {
        told = await makeJoiner(joinerOn(disk));
        const storage = await openStorage({ ...joinerOn(disk), onFailure: () => {} });
        await storage.log.append(task({ entries: entries(1, 3, 1), hardState: { term: 1, vote: null } }));
        storage.highWater.note(storage.log.seq);
        await storage.highWater.sync();
      },
      found: async (disk, where) => {
        const born = await opened(disk, true);
        const { incarnation } = born;
        if (told !== "") expect(incarnation, where).toBe(told);
        expect([[], ["1@1", "2@1", "3@1"]], where).toContainEqual(contents(born));
        expect(born.recovered.configurations[0], where).toMatchObject({ voters: [], historyId: "" });
        await restart(disk, born);
        const again = await opened(disk, false);
        expect(again.incarnation, where).toBe(incarnation);
        await restart(disk, again);
      },
    });
    expect(points).toBeGreaterThan(6);
  },
);

test(
  "an unfinished birth is no data: it may be looked at, and is finished by whichever birth comes next",
  { timeout },
  async () => {
    await sweep({
      begin: empty,
      work: (disk) => makeJoiner(joinerOn(disk)),
      found: async (disk, where) => {
        const report = await reportOf(disk);
        expect(["absent", "whole"], where).toContain(report.type);
        const founds = report.type === "absent";
        const storage = await disk.open({ founds });
        const { voters } = storage.recovered.configurations[0]!;
        expect(voters.length, where).toBe(founds ? 2 : 0);
        await restart(disk, storage);
      },
    });
  },
);

/** Four entries of a member that has voted. */
async function written(seed: number): Promise<DiskFixture> {
  const disk = new DiskFixture(seed);
  const storage = await disk.open();
  await disk.run(
    storage.log.append(task({ entries: entries(1, 5, 1), hardState: { term: 7, vote: "b" }, commit: 3 })),
  );
  storage.highWater.note(storage.log.seq);
  await disk.run(storage.highWater.close());
  await restart(disk, storage);
  return disk;
}

test(
  "a forced new cluster is there as a whole, in one history, or not at all, and can be forced again",
  { timeout },
  async () => {
    const points = await sweep({
      begin: written,
      work: (disk) => forceNewCluster({ host: disk.host, command }),
      found: async (disk, where) => {
        const report = await reportOf(disk);
        if (report.type !== "whole") throw new Error(`${where}: ${report.type}`);
        const isNew = report.configuration.voters.length === 1;
        expect(report, where).toMatchObject(
          isNew ? { term: 8, last: { index: 7 } } : { term: 7, last: { index: 5 } },
        );
        const forced = await disk.run(forceNewCluster({ host: disk.host, command }));
        expect(forced.without, where).toEqual(["b"]);
        disk.powerLoss();
        const after = await reportOf(disk);
        expect(after, where).toMatchObject({ type: "whole", term: isNew ? 9 : 8 });
        expect(after, where).toMatchObject({ configuration: { historyId: forced.historyId } });
      },
    });
    expect(points).toBeGreaterThan(2);
  },
);

/** A cluster that begins behind entry 9 with a state of three slices. */
function restoredOn(disk: DiskFixture): Promise<unknown> {
  const states: Uint8Array[] = [];
  return foundRestored({
    ...joinerOn(disk),
    address: "a:1",
    last: { index: 9, term: 4 },
    timeMs: 5,
    chunks: [1, 2, 3].map((byte) => new Uint8Array(1_000).fill(byte)),
    stateMachine: { beginRestore: () => restoreAtOnce((state) => void states.push(state)) },
  });
}

test(
  "a restored cluster is there as a whole, or as nothing that could not be begun again",
  { timeout },
  async () => {
    const points = await sweep({
      begin: empty,
      work: restoredOn,
      found: async (disk, where) => {
        const report = await reportOf(disk);
        const isNew = report.type === "whole" && report.configuration.voters.length === 1;
        const expected = isNew ? { code: "ERR_FLOTILLA_EXISTS" } : { id: "a" };
        const again = await disk.run(restoredOn(disk).catch((error: unknown) => error));
        expect(again, where).toMatchObject(expected);
        disk.powerLoss();
        expect(await reportOf(disk), where).toMatchObject({
          type: "whole",
          term: 4,
          last: { index: 9, term: 4 },
          configuration: { index: 9, voters: [{ id: "a", address: "a:1" }] },
        });
      },
    });
    expect(points).toBeGreaterThan(8);
  },
);

/** Applies anything but entry 3. */
function picky(): Parameters<typeof findPoison>[0]["stateMachine"] {
  return {
    apply: ({ index }) => {
      if (index === 3) throw new Error("cannot");
    },
    skip: () => {},
    snapshot: () => ({ chunks: () => [] }),
    beginRestore: () => restoreAtOnce(() => {}),
  };
}

test("an entry is passed over or not, and can be skipped again when it was not", { timeout }, async () => {
  const points = await sweep({
    begin: written,
    work: (disk) => skipEntry({ host: disk.host, stateMachine: picky() }, 3),
    found: async (disk, where) => {
      const options = { host: disk.host, stateMachine: picky() };
      const found = await disk.run(findPoison(options));
      if (found === null) return;
      expect(found, where).toMatchObject({ index: 3, term: 1 });
      await disk.run(skipEntry(options, 3));
      disk.powerLoss();
      expect(await disk.run(findPoison({ ...options, host: disk.host })), where).toBeNull();
    },
  });
  expect(points).toBeGreaterThan(1);
});
