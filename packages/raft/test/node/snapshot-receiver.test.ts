import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import type { SnapshotChunk } from "../../src/core/message.ts";
import { SnapshotReceiver } from "../../src/node/snapshot-receiver.ts";
import type { ReceivedSnapshot } from "../../src/node/snapshot-receiver.ts";
import { configuration, DiskFixture } from "../storage/disk-fixture.ts";

const content = Uint8Array.from({ length: 10 }, (_, k) => k);

function chunk(offset: number, length: number, change: Partial<SnapshotChunk> = {}): SnapshotChunk {
  return {
    type: "snapshot-chunk",
    term: 2,
    last: { index: 5, term: 2 },
    timeMs: 1,
    configuration,
    offset,
    totalBytes: content.length,
    checksum: crc32(content),
    bytes: content.subarray(offset, offset + length),
    ...change,
  };
}

async function fixture() {
  const disk = new DiskFixture();
  const { snapshots } = await disk.open();
  const progress: number[] = [];
  const received: ReceivedSnapshot[] = [];
  const receiver = new SnapshotReceiver({
    store: snapshots,
    seq: () => 1,
    onProgress: (_, __, bytes) => progress.push(bytes),
    onReceived: (snapshot) => received.push(snapshot),
    onFailure: (error) => {
      throw error;
    },
    probe: () => {},
  });
  const take = async (next: SnapshotChunk): Promise<void> => {
    receiver.receive("b", next);
    await disk.run(receiver.idle());
  };
  return { disk, snapshots, progress, received, receiver, take };
}

test("chunks in order become a durable snapshot", async () => {
  const { snapshots, progress, received, take } = await fixture();
  await take(chunk(0, 4));
  await take(chunk(4, 4));
  expect(received).toEqual([]);
  await take(chunk(8, 2));
  expect(progress).toEqual([4, 8]);
  expect([...(received[0]?.bytes ?? [])]).toEqual([...content]);
  expect(snapshots.newest).toMatchObject({ last: { index: 5, term: 2 }, installed: true, totalBytes: 10 });
});

test("repeated, late and early chunks are answered with how far it is", async () => {
  const { progress, received, take } = await fixture();
  await take(chunk(4, 4));
  await take(chunk(0, 4));
  await take(chunk(0, 4));
  await take(chunk(8, 2));
  expect(progress).toEqual([0, 4, 4, 4]);
  expect(received).toEqual([]);
});

test("chunks of two snapshots are never mixed", async () => {
  const { disk, received, take } = await fixture();
  const other = { last: { index: 9, term: 3 } };
  await take(chunk(0, 4));
  await take(chunk(0, 4, other));
  await take(chunk(4, 6));
  await take(chunk(4, 6, other));
  expect(received.map((each) => each.chunk.last.index)).toEqual([9]);
  expect(await disk.run(disk.host.disk.files.list("snapshots"))).toEqual(["9-3.data", "9-3.manifest"]);
});

test("a snapshot that does not match its checksum begins anew", async () => {
  const { snapshots, progress, received, take } = await fixture();
  const broken = { checksum: 1 };
  await take(chunk(0, 10, broken));
  expect(progress).toEqual([0]);
  expect(received).toEqual([]);
  expect(snapshots.newest).toBeNull();
  await take(chunk(0, 10));
  expect(received).toHaveLength(1);
});
