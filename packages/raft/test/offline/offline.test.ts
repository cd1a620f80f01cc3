import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import {
  findPoison,
  forceNewCluster,
  foundRestored,
  inspectData,
  ownerOf,
  restoreAtOnce,
  skipEntry,
} from "../../src/index.ts";
import type { Command, DataReport, OfflineOptions, Restoring, StateMachine } from "../../src/index.ts";
import type { Storage } from "../../src/storage/open-storage.ts";
import { contents, DiskFixture, entries, oneEntry, task } from "../storage/disk-fixture.ts";

const command = new TextEncoder().encode("a new history");
const ownIncarnation = /^[0-9a-f]{32}$/;

/** A disk with five entries, of which three are known committed; powered off and on. */
async function written(seed = 1): Promise<DiskFixture> {
  const disk = new DiskFixture(seed);
  const storage = await disk.open();
  await disk.run(storage.log.append(task({ entries: entries(1, 3, 1), hardState: { term: 1, vote: "a" } })));
  await disk.run(
    storage.log.append(task({ entries: entries(4, 5, 2), hardState: { term: 7, vote: "b" }, commit: 3 })),
  );
  storage.highWater.note(storage.log.seq);
  await close(disk, storage);
  disk.powerLoss();
  return disk;
}

async function close(disk: DiskFixture, storage: Storage): Promise<void> {
  await disk.run(storage.highWater.close());
  await disk.run(storage.log.close());
}

function at(disk: DiskFixture, more: Partial<OfflineOptions> = {}): OfflineOptions {
  return { host: disk.host, ...more };
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "fulfilled",
    (error: { readonly code?: unknown }) => error.code,
  );
}

function whole(report: DataReport): Extract<DataReport, { type: "whole" }> {
  if (report.type !== "whole") throw new Error(`the data is ${report.type}`);
  return report;
}

/** Cannot apply what `fails` names. */
class Picky implements StateMachine {
  readonly applied: number[] = [];
  readonly skipped: number[] = [];
  readonly #fails: ReadonlySet<number>;

  constructor(...fails: number[]) {
    this.#fails = new Set(fails);
  }

  apply({ index }: Command): void {
    if (this.#fails.has(index)) throw new Error("cannot");
    this.applied.push(index);
  }

  skip({ index }: Command): void {
    this.skipped.push(index);
  }

  snapshot(): { chunks: () => Iterable<Uint8Array> } {
    return { chunks: () => [] };
  }

  beginRestore(): Restoring {
    return restoreAtOnce(() => {});
  }
}

describe("a look at the data of a stopped node", () => {
  test("says what is there, whose it is, and leaves it as it was", async () => {
    const disk = await written();
    expect(await disk.run(ownerOf(disk.host.disk))).toEqual({ id: "a", cluster: "test" });
    const report = whole(await disk.run(inspectData(at(disk))));
    expect(report).toMatchObject({ id: "a", cluster: "test", term: 7, commit: 3 });
    expect(report.last).toEqual({ index: 5, term: 2 });
    expect(report.configuration.voters.map(({ id }) => id)).toEqual(["a", "b"]);
    const storage = await disk.open({ founds: false });
    expect(storage.recovered.hardState).toEqual({ term: 7, vote: "b" });
    expect(contents(storage)).toEqual(["1@1", "2@1", "3@1", "4@2", "5@2"]);
  });

  test("makes nothing where nothing is", async () => {
    const disk = new DiskFixture();
    expect(await disk.run(inspectData(at(disk)))).toEqual({ type: "absent" });
    expect(disk.machine.disk.stores()).toEqual([]);
    expect(disk.machine.disk.durableFiles()).toEqual([]);
    expect(await codeOf(disk.run(forceNewCluster(at(disk, {}) as never)))).toBe("ERR_FLOTILLA_NOT_FOUND");
  });

  test("tells damage from whole data, and other nodes' data from one's own", async () => {
    const wiped = await written();
    wiped.machine.disk.emptyStore("log");
    expect(await wiped.run(inspectData(at(wiped)))).toMatchObject({
      type: "damaged",
      error: { code: "ERR_FLOTILLA_DAMAGED" },
    });
    const cut = await written();
    cut.machine.disk.loseFile("high-water");
    expect(await cut.run(inspectData(at(cut)))).toMatchObject({ type: "damaged" });
    const nameless = await written();
    nameless.machine.disk.loseFile("identity");
    expect(await nameless.run(inspectData(at(nameless)))).toMatchObject({ type: "damaged", id: null });
    const other = await written();
    expect(await codeOf(other.run(inspectData(at(other, { id: "b" }))))).toBe("ERR_FLOTILLA_FOREIGN");
    expect(await codeOf(other.run(inspectData(at(other, { cluster: "x" }))))).toBe("ERR_FLOTILLA_FOREIGN");
  });

  test("tells other nodes' data from one's own whatever is wrong with it", async () => {
    const lose = [
      (disk: DiskFixture) => disk.machine.disk.emptyStore("log"),
      (disk: DiskFixture) => disk.machine.disk.loseFile("high-water"),
      (disk: DiskFixture) => disk.machine.disk.setFull(true),
    ];
    for (const harm of lose) {
      const disk = await written();
      harm(disk);
      expect(await codeOf(disk.run(inspectData(at(disk, { id: "b" }))))).toBe("ERR_FLOTILLA_FOREIGN");
      expect(await codeOf(disk.run(inspectData(at(disk, { cluster: "x" }))))).toBe("ERR_FLOTILLA_FOREIGN");
    }
  });

  test("does not take data for lost that a full disk keeps from being opened", async () => {
    const disk = await written();
    disk.machine.disk.setFull(true);
    expect(await disk.run(inspectData(at(disk)))).toMatchObject({
      type: "unreadable",
      id: "a",
      error: { code: "ERR_FLOTILLA_STORAGE", details: { reason: "ENOSPC" } },
    });
    disk.machine.disk.setFull(false);
    expect(await disk.run(inspectData(at(disk)))).toMatchObject({ type: "whole" });
  });

  test("is refused while the node runs", async () => {
    const disk = await written();
    const storage = await disk.open();
    expect(await codeOf(disk.run(inspectData(at(disk))))).toBe("ERR_FLOTILLA_LOCKED");
    await close(disk, storage);
    expect((await disk.run(inspectData(at(disk)))).type).toBe("whole");
  });
});

describe("a forced new cluster", () => {
  test("is not made while the clock is behind the newest entry", async () => {
    const disk = await written();
    const { clock } = disk.host;
    const newestMs = 1005;
    const at1970 = (nowMs: number): OfflineOptions => ({
      host: {
        ...disk.host,
        clock: {
          now: () => clock.now(),
          wallNow: () => nowMs,
          setTimer: clock.setTimer.bind(clock),
          defer: clock.defer.bind(clock),
        },
      },
    });
    const early = disk.run(forceNewCluster({ ...at1970(newestMs - 1), command }));
    expect(await codeOf(early)).toBe("ERR_FLOTILLA_CONDITION");
    expect(whole(await disk.run(inspectData(at(disk)))).last).toEqual({ index: 5, term: 2 });
    expect(await codeOf(disk.run(forceNewCluster({ ...at1970(newestMs), command })))).toBe("fulfilled");
  });

  test("keeps the whole log, belongs to this node alone, in another history and a higher term", async () => {
    const disk = await written();
    const before = whole(await disk.run(inspectData(at(disk))));
    const forced = await disk.run(forceNewCluster({ ...at(disk), command }));
    expect(forced).toEqual({
      id: "a",
      historyId: expect.stringMatching(ownIncarnation) as unknown,
      without: ["b"],
    });
    disk.powerLoss();
    const after = whole(await disk.run(inspectData(at(disk))));
    expect(after).toMatchObject({
      term: 8,
      commit: 7,
      last: { index: 7, term: 8 },
      incarnation: before.incarnation,
    });
    expect(after.configuration).toMatchObject({ index: 6, historyId: forced.historyId });
    expect(after.configuration.historyId).not.toBe(before.configuration.historyId);
    expect(after.configuration.voters).toEqual([
      { id: "a", address: "a:1", incarnation: before.incarnation },
    ]);
    const storage = await disk.open({ founds: false });
    expect(storage.recovered.hardState).toEqual({ term: 8, vote: null });
    expect(contents(storage)).toEqual(["1@1", "2@1", "3@1", "4@2", "5@2", "6@8", "7@8"]);
    const last = storage.log.read(7, oneEntry);
    expect(last === "compacted" ? null : Buffer.from(last[0]!.payload).toString()).toBe("a new history");
  });

  test("made again, as by who did not see the first end, names the others that it goes on without", async () => {
    const disk = await written();
    const forced = await disk.run(forceNewCluster({ ...at(disk), command }));
    const again = await disk.run(forceNewCluster({ ...at(disk), command }));
    expect(again).toMatchObject({ id: "a", without: ["b"] });
    expect(again.historyId).not.toBe(forced.historyId);
  });

  test("is not made of damaged data, of nothing, or of a node that never belonged to a cluster", async () => {
    const damaged = await written();
    damaged.machine.disk.emptyStore("log");
    expect(await codeOf(damaged.run(forceNewCluster({ ...at(damaged), command })))).toBe(
      "ERR_FLOTILLA_DAMAGED",
    );
  });
});

test("a restored cluster is not made where nobody could reach it, and then there is no data", async () => {
  const disk = new DiskFixture();
  for (const address of ["a", "a:0", "0.0.0.0:7000", ""]) {
    const made = foundRestored({
      host: disk.host,
      id: "a",
      cluster: "test",
      address,
      last: { index: 9, term: 4 },
      timeMs: 5,
      chunks: [],
      stateMachine: new Picky(),
    });
    expect(await codeOf(disk.run(made))).toBe("ERR_FLOTILLA_BAD_CONFIG");
  }
  const report = await disk.run(inspectData({ host: disk.host, id: "a", cluster: "test" }));
  expect(report.type).toBe("absent");
});

/** Of a version before the one that wrote entry 3. */
function older(): StateMachine {
  return Object.assign(new Picky(), {
    apply: ({ index }: Command) => {
      if (index === 3) throw new FlotillaError("ERR_FLOTILLA_UNSUPPORTED", "level 2");
    },
  });
}

describe("an entry that stops the state machine", () => {
  test("is found, and passed over once an operator said so", async () => {
    const disk = await written();
    const found = await disk.run(findPoison({ ...at(disk), stateMachine: new Picky(3) }));
    expect(found).toMatchObject({
      index: 3,
      term: 1,
      isCommitted: true,
      error: { details: { index: 3, term: 1 } },
    });
    await disk.run(skipEntry({ ...at(disk), stateMachine: new Picky(3) }, 3));
    disk.powerLoss();
    const machine = new Picky(3);
    expect(await disk.run(findPoison({ ...at(disk), stateMachine: machine }))).toBeNull();
    expect(machine).toMatchObject({ applied: [2, 4, 5], skipped: [3] });
  });

  test("is only passed over by its own name, one after the other", async () => {
    const disk = await written();
    const options = { ...at(disk) };
    const refused = async (index: number, ...fails: number[]): Promise<unknown> =>
      codeOf(disk.run(skipEntry({ ...options, stateMachine: new Picky(...fails) }, index)));
    expect(await refused(2, 3, 5)).toBe("ERR_FLOTILLA_CONDITION");
    expect(await refused(5, 3, 5)).toBe("ERR_FLOTILLA_CONDITION");
    expect(await refused(3)).toBe("ERR_FLOTILLA_CONDITION");
    expect(await refused(9, 3)).toBe("ERR_FLOTILLA_CONDITION");
    expect(await refused(3, 3, 5)).toBe("fulfilled");
    expect(await disk.run(findPoison({ ...options, stateMachine: new Picky(3, 5) }))).toMatchObject({
      index: 5,
      isCommitted: false,
    });
    expect(await refused(5, 3, 5)).toBe("fulfilled");
    expect(await disk.run(findPoison({ ...options, stateMachine: new Picky(3, 5) }))).toBeNull();
  });

  test("is not passed over when another entry has taken its place", async () => {
    const disk = await written();
    await disk.run(skipEntry({ ...at(disk), stateMachine: new Picky(5) }, 5));
    const storage = await disk.open({ founds: false });
    await disk.run(storage.log.append(task({ truncateFrom: 5, entries: entries(5, 5, 7) })));
    await close(disk, storage);
    const machine = new Picky();
    expect(await disk.run(findPoison({ ...at(disk), stateMachine: machine }))).toBeNull();
    expect(machine).toMatchObject({ applied: [2, 3, 4, 5], skipped: [] });
  });

  test("is not passed over when a newer version wrote it, whose members apply it", async () => {
    const disk = await written();
    const refused = disk.run(skipEntry({ ...at(disk), stateMachine: older() }, 3));
    expect(await codeOf(refused)).toBe("ERR_FLOTILLA_UNSUPPORTED");
    expect(await disk.run(findPoison({ ...at(disk), stateMachine: older() }))).toMatchObject({ index: 3 });
  });

  test("stays named in a list that is damage when it is damaged", async () => {
    const disk = await written();
    await disk.run(skipEntry({ ...at(disk), stateMachine: new Picky(3) }, 3));
    disk.machine.disk.flipFile("skips");
    expect((await disk.run(inspectData(at(disk)))).type).toBe("damaged");
  });
});
