import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { SnapshotSource } from "../../src/node/snapshot-source.ts";
import type { SnapshotMeta } from "../../src/storage/snapshot-manifest.ts";
import type { SnapshotChunk, SnapshotRefusal, SnapshotRequest } from "../../src/transport/snapshot-codec.ts";
import { configuration, DiskFixture } from "../storage/disk-fixture.ts";

const idleMs = 2000;
const bytes = Uint8Array.from({ length: 100 }, (_, k) => k);

type Sent = { readonly to: string } & (SnapshotChunk | SnapshotRefusal);

async function fixture() {
  const disk = new DiskFixture();
  const { snapshots } = await disk.open();
  const take = async (index: number): Promise<SnapshotMeta> => {
    const writer = await disk.run(snapshots.create({ index, term: 1 }));
    await disk.run(writer.write(bytes));
    const meta = await disk.run(writer.commit({ timeMs: 1, configuration, seq: 1, installed: false }));
    await disk.run(snapshots.adopt(meta));
    return meta;
  };
  const sent: Sent[] = [];
  const backlog = new Map<string, number>();
  const damaged: number[] = [];
  const source = new SnapshotSource({
    clock: disk.host.clock,
    store: snapshots,
    idleMs,
    send: (to, message) => sent.push({ to, ...message }),
    backlog: (to) => backlog.get(to) ?? 0,
    onDamaged: ({ last }) => damaged.push(last.index),
    onFailure: (error) => {
      throw error;
    },
    probe: () => {},
  });
  const pass = async (ms: number): Promise<void> =>
    disk.kernel.run({ untilMs: disk.kernel.nowMs + ms }).then(() => {});
  const ask = (from: string, { last, hash }: SnapshotMeta, offset: number, length = 10): void => {
    const request: SnapshotRequest = { type: "snapshot-request", last, hash, offset, length };
    source.request(from, request);
  };
  return { disk, snapshots, take, sent, backlog, damaged, source, pass, ask };
}

test("chunks come as they were asked for, of two peers in turn", async () => {
  const { take, sent, pass, ask } = await fixture();
  const meta = await take(5);
  for (const offset of [0, 10, 20]) ask("b", meta, offset);
  for (const offset of [50, 60]) ask("c", meta, offset);
  await pass(50);
  expect(sent.map((each) => (each.type === "snapshot-chunk" ? [each.to, each.offset] : each))).toEqual([
    ["b", 0],
    ["b", 10],
    ["c", 50],
    ["b", 20],
    ["c", 60],
  ]);
  const part = bytes.subarray(0, 10);
  expect(sent[0]).toMatchObject({ last: meta.last, hash: meta.hash, bytes: part, checksum: crc32(part) });
});

test("what is not here is refused: another snapshot, other bytes, a place beyond the end", async () => {
  const { take, sent, pass, ask } = await fixture();
  const meta = await take(5);
  ask("b", { ...meta, last: { index: 4, term: 1 } }, 0);
  ask("b", { ...meta, hash: "00".repeat(32) }, 0);
  ask("b", meta, 95);
  await pass(50);
  expect(sent.map((each) => each.type === "snapshot-refusal" && each.reason)).toEqual([
    "absent",
    "absent",
    "absent",
  ]);
});

test("a third peer has to wait until one of two is done, gone or silent", async () => {
  const { take, sent, source, pass, ask } = await fixture();
  const meta = await take(5);
  ask("b", meta, 0);
  ask("c", meta, 0);
  ask("d", meta, 0);
  expect(sent).toMatchObject([{ to: "d", type: "snapshot-refusal", reason: "busy" }]);
  await pass(idleMs);
  ask("c", meta, 10);
  await pass(idleMs / 2);
  source.tick();
  ask("d", meta, 0);
  await pass(50);
  expect(sent.at(-1)).toMatchObject({ to: "d", type: "snapshot-chunk" });
  source.stop("c");
  ask("b", meta, 0);
  await pass(50);
  expect(sent.at(-1)).toMatchObject({ to: "b", type: "snapshot-chunk" });
});

test("a peer whose link is full waits, another one does not", async () => {
  const { take, sent, backlog, pass, ask } = await fixture();
  const meta = await take(5);
  backlog.set("b", 1 << 20);
  ask("b", meta, 0);
  ask("c", meta, 0);
  await pass(100);
  expect(sent.map(({ to }) => to)).toEqual(["c"]);
  backlog.clear();
  await pass(100);
  expect(sent.map(({ to }) => to)).toEqual(["c", "b"]);
});

test("what is being read stays although two newer ones were taken", async () => {
  const { take, snapshots, sent, source, pass, ask } = await fixture();
  const meta = await take(5);
  ask("b", meta, 0);
  for (const index of [6, 7]) await take(index);
  expect(snapshots.all.map(({ last }) => last.index)).toEqual([5, 6, 7]);
  ask("b", meta, 90);
  await pass(50);
  expect(sent.at(-1)).toMatchObject({ type: "snapshot-chunk", offset: 90 });
  source.stop("b");
  await take(8);
  expect(snapshots.all.map(({ last }) => last.index)).toEqual([7, 8]);
});

test("a snapshot whose bytes are gone is refused, and its owner told", async () => {
  const { disk, take, sent, damaged, pass, ask } = await fixture();
  const meta = await take(5);
  disk.machine.disk.truncateFile("snapshots/5-1.data", 30);
  ask("b", meta, 40);
  await pass(50);
  expect(sent).toMatchObject([{ type: "snapshot-refusal", reason: "absent" }]);
  expect(damaged).toEqual([5]);
  ask("b", meta, 0);
  expect(sent.at(-1)).toMatchObject({ type: "snapshot-refusal", reason: "absent" });
});
