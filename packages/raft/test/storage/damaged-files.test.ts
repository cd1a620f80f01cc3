import type { SimDisk } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { Storage } from "../../src/storage/open-storage.ts";
import { configuration, DiskFixture, entries, task } from "./disk-fixture.ts";
import { opened } from "./opened.ts";

const timeout = 120_000;
/** Larger files are tried at so many places. */
const mostPlaces = 200;

async function take(disk: DiskFixture, { snapshots, log }: Storage, index: number): Promise<void> {
  const writer = await disk.run(snapshots.create({ index, term: 1 }));
  await disk.run(writer.write(Uint8Array.from({ length: 5 * index }, (_, k) => k + index)));
  const facts = { timeMs: 1000 + index, configuration, seq: log.seq, installed: false };
  await disk.run(snapshots.adopt(await disk.run(writer.commit(facts))));
}

/** A disk with nine entries, snapshots at some of them, and a log that begins after `base`. */
async function written(snapshots: readonly number[], base: number): Promise<DiskFixture> {
  const disk = new DiskFixture();
  const storage = await disk.open();
  const { log, highWater } = storage;
  const hardState = { term: 1, vote: "a" };
  await disk.run(log.append(task({ entries: entries(1, 9, 1), hardState, commit: 9 })));
  for (const index of snapshots) await take(disk, storage, index);
  if (base > 0) log.compactTo({ index: base, term: 1 });
  await disk.run(log.append(task({ commit: 9 })));
  highWater.note(log.seq);
  await disk.run(highWater.sync());
  await disk.run(log.close());
  disk.powerLoss();
  return disk;
}

/** Every way in which a file may be harmed. */
function* harms(disk: SimDisk, name: string): Generator<readonly [string, () => void]> {
  const bytes = disk.durableFile(name) ?? new Uint8Array(0);
  const step = Math.ceil(bytes.length / mostPlaces);
  for (let at = 0; at < bytes.length; at += step) {
    const flipped = bytes.map((byte, position) => (position === at ? byte ^ 0x41 : byte));
    yield [`byte ${at} of ${name} is another`, () => disk.putFile(name, flipped)];
  }
  for (const length of [0, 1, bytes.length >> 1, bytes.length - 1])
    yield [`${name} ends after ${length} bytes`, () => disk.truncateFile(name, length)];
  yield [`${name} is gone`, () => disk.loseFile(name)];
}

test.each([
  { snapshots: [4], base: 0 },
  { snapshots: [4, 7], base: 0 },
  { snapshots: [4, 7], base: 4 },
  { snapshots: [4, 7], base: 7 },
])(
  "whatever happens to any file beside a log after $base with snapshots at $snapshots, all that was durable is found or none",
  { timeout },
  async ({ snapshots, base }) => {
    const disk = await written(snapshots, base);
    const { machine } = disk;
    const image = machine.disk.image();
    const whole = await opened(disk);
    const outcomes = new Set<string>();
    for (const name of machine.disk.durableFiles()) {
      for (const [how, harm] of harms(machine.disk, name)) {
        machine.disk.restore(image);
        harm();
        const found = await opened(disk);
        outcomes.add(found);
        expect(["refused", whole], how).toContain(found);
      }
    }
    expect(outcomes).toContain("refused");
  },
);
