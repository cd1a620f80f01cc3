import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import type { SnapshotHead } from "../../src/core/snapshot-head.ts";
import { SnapshotPuller } from "../../src/node/snapshot-puller.ts";
import type { SnapshotMeta } from "../../src/storage/snapshot-manifest.ts";
import type { SnapshotChunk, SnapshotRequest } from "../../src/transport/snapshot-codec.ts";
import { configuration, DiskFixture } from "../storage/disk-fixture.ts";

const chunkBytes = 4;
const quietMs = 1000;
const content = Uint8Array.from({ length: 70 }, (_, k) => k);

function headOf(bytes: Uint8Array, index: number, term: number): SnapshotHead {
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { last: { index, term }, timeMs: 1, configuration, totalBytes: bytes.length, hash };
}

const head = headOf(content, 5, 2);
const otherContent = content.map((byte) => byte + 1);
const other = headOf(otherContent, 9, 3);

function chunkFor(
  request: Pick<SnapshotRequest, "last" | "hash" | "offset" | "length">,
  bytes: Uint8Array = content,
): SnapshotChunk {
  const { last, hash, offset, length } = request;
  const part = bytes.subarray(offset, offset + length);
  return { type: "snapshot-chunk", last, hash, offset, checksum: crc32(part), bytes: part };
}

interface Asked extends SnapshotRequest {
  readonly to: string;
}

/** A receiver with a leader `a` and another member `c` on a simulated disk; requests wait to be answered. */
class Receiver {
  readonly disk = new DiskFixture();
  readonly asked: Asked[] = [];
  readonly progress: number[] = [];
  readonly received: SnapshotMeta[] = [];
  readonly probes: string[] = [];
  peers: string[] = ["a", "c"];
  commit = 0;
  #puller: SnapshotPuller | null = null;
  snapshots: string[] = [];

  get puller(): SnapshotPuller {
    if (this.#puller === null) throw new Error("not started");
    return this.#puller;
  }

  async start(): Promise<this> {
    const { snapshots } = await this.disk.open();
    this.asked.length = 0;
    this.#puller = new SnapshotPuller({
      clock: this.disk.host.clock,
      store: snapshots,
      chunkBytes,
      quietMs,
      seq: () => 1,
      isNews: ({ index }) => index > this.commit,
      peers: () => this.peers,
      send: (to, request) => this.asked.push({ to, ...request }),
      onProgress: (_, __, received) => this.progress.push(received),
      onReceived: (_, meta) => this.received.push(meta),
      onFailure: (error) => {
        throw error;
      },
      probe: (name) => this.probes.push(name),
    });
    return this;
  }

  async offer(from: string, offered: SnapshotHead = head): Promise<void> {
    this.puller.offered(from, offered);
    await this.disk.run(this.puller.idle());
  }

  async chunk(from: string, chunk: SnapshotChunk): Promise<void> {
    this.puller.chunk(from, chunk);
    await this.disk.run(this.puller.idle());
  }

  /** Answers requests, oldest first, until there are none or so many were answered. */
  async answer(count: number = Number.POSITIVE_INFINITY, bytes: Uint8Array = content): Promise<number> {
    let answered = 0;
    for (; answered < count; answered += 1) {
      const request = this.asked.shift();
      if (request === undefined) break;
      await this.chunk(request.to, chunkFor(request, bytes));
    }
    return answered;
  }

  async pass(ms: number): Promise<void> {
    await this.disk.kernel.run({ untilMs: this.disk.kernel.nowMs + ms });
    this.puller.tick();
    await this.disk.run(this.puller.idle());
  }

  async files(): Promise<string[]> {
    return this.disk.run(this.disk.host.disk.files.list("snapshots"));
  }

  async crash(): Promise<void> {
    this.disk.powerLoss();
    await this.start();
  }
}

test("chunks in order become a durable snapshot, four asked for at a time", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  expect(receiver.asked.map(({ to, offset, length }) => [to, offset, length])).toEqual([
    ["a", 0, 4],
    ["a", 4, 4],
    ["a", 8, 4],
    ["a", 12, 4],
  ]);
  expect(await receiver.answer()).toBe(18);
  expect(receiver.received).toMatchObject([{ ...head, installed: true }]);
  expect(await receiver.files()).toEqual(["5-2.data", "5-2.manifest"]);
  expect(receiver.disk.machine.disk.durableFile("snapshots/5-2.data")).toEqual(content);
});

test("an empty snapshot is whole at once", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a", headOf(new Uint8Array(0), 5, 2));
  expect(receiver.asked).toEqual([]);
  expect(receiver.received).toHaveLength(1);
});

test("only the next chunk of this very snapshot, from whom it was asked of, is taken", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  const [first] = receiver.asked;
  if (first === undefined) throw new Error("nothing was asked for");
  await receiver.chunk("a", chunkFor({ ...first, offset: 4 }));
  await receiver.chunk("c", chunkFor(first));
  await receiver.chunk("a", chunkFor({ ...first, hash: other.hash }));
  await receiver.chunk("a", chunkFor({ ...first, last: other.last }));
  await receiver.chunk("a", chunkFor({ ...first, length: 3 }));
  expect(receiver.probes.filter((name) => name === "raft.snapshot-chunk-out-of-order")).toHaveLength(5);
  await receiver.offer("a");
  expect(receiver.progress.at(-1)).toBe(0);
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
});

test("another offer waits while one snapshot advances, and takes over once that stands still", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(2);
  await receiver.offer("c", other);
  expect(receiver.progress.at(-1)).toBe(8);
  receiver.peers = [];
  receiver.puller.peerDown("a");
  await receiver.offer("c", other);
  receiver.peers = ["c"];
  await receiver.pass(1);
  await receiver.answer(Number.POSITIVE_INFINITY, otherContent);
  expect(receiver.received).toMatchObject([other]);
  expect(await receiver.files()).toEqual(["9-3.data", "9-3.manifest"]);
});

test("when the leader is busy or gone, another member that has it goes on", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(3);
  receiver.puller.refused("a", { type: "snapshot-refusal", ...head, reason: "busy" });
  expect(receiver.asked.at(-1)).toMatchObject({ to: "c" });
  receiver.asked.splice(0, receiver.asked.length - 4);
  expect(receiver.asked[0]).toMatchObject({ to: "c", offset: 12 });
  await receiver.answer(2);
  receiver.puller.refused("c", { type: "snapshot-refusal", ...head, reason: "absent" });
  await receiver.pass(1);
  expect(receiver.asked.at(-1)).toMatchObject({ to: "a" });
  receiver.asked.splice(0, receiver.asked.length - 4);
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
});

test("a source that is silent is left for another", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(1);
  receiver.asked.length = 0;
  await receiver.pass(quietMs - 100);
  expect(receiver.asked).toEqual([]);
  await receiver.pass(200);
  expect(receiver.asked[0]).toMatchObject({ to: "c", offset: 4 });
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
});

test("what does not match the whole begins anew from somebody else", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(18, otherContent);
  expect(receiver.probes).toContain("raft.snapshot-checksum");
  expect(receiver.received).toEqual([]);
  expect(receiver.asked[0]).toMatchObject({ to: "c", offset: 0 });
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
  expect(receiver.disk.machine.disk.durableFile("snapshots/5-2.data")).toEqual(content);
});

test("a chunk that was damaged on its way is not taken", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  const [first] = receiver.asked.splice(0, 4);
  if (first === undefined) throw new Error("nothing was asked for");
  await receiver.chunk("a", { ...chunkFor(first), checksum: 1 });
  expect(receiver.asked[0]).toMatchObject({ to: "c", offset: 0 });
});

test("after a power loss it goes on where bytes and record were durable", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(13);
  await receiver.crash();
  await receiver.offer("c");
  expect(receiver.probes).toContain("raft.snapshot-resumed");
  expect(receiver.asked[0]).toMatchObject({ to: "c", offset: 32 });
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
  expect(receiver.disk.machine.disk.durableFile("snapshots/5-2.data")).toEqual(content);
});

test("what is left of another snapshot is not gone on with", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(13);
  await receiver.crash();
  await receiver.offer("a", other);
  expect(receiver.asked[0]).toMatchObject({ offset: 0 });
});

test.each([
  ["a byte of it is another", (disk: DiskFixture) => disk.machine.disk.flipFile("snapshots/incoming")],
  ["it is cut short", (disk: DiskFixture) => disk.machine.disk.truncateFile("snapshots/incoming", 31)],
  ["it is gone", (disk: DiskFixture) => disk.machine.disk.loseFile("snapshots/incoming")],
  ["its record is damaged", (disk: DiskFixture) => disk.machine.disk.flipFile("snapshots/incoming-progress")],
])("what was received is not gone on with when %s", async (_, damage) => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(8);
  await receiver.crash();
  damage(receiver.disk);
  await receiver.offer("a");
  expect(receiver.asked[0]).toMatchObject({ offset: 0 });
  await receiver.answer();
  expect(receiver.received).toHaveLength(1);
});

test("a node that closes in order keeps all of what it received", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(5);
  receiver.puller.close();
  await receiver.disk.run(receiver.puller.idle());
  await receiver.crash();
  await receiver.offer("a");
  expect(receiver.asked[0]).toMatchObject({ offset: 20 });
});

test("a snapshot that the log has overtaken is given up", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(2);
  receiver.commit = 5;
  await receiver.pass(1);
  receiver.asked.length = 0;
  expect(await receiver.files()).toEqual([]);
  await receiver.offer("a", other);
  expect(receiver.asked[0]).toMatchObject({ hash: other.hash, offset: 0 });
});

test("one that the log overtakes with the last chunk is not kept", async () => {
  const receiver = await new Receiver().start();
  await receiver.offer("a");
  await receiver.answer(17);
  receiver.commit = 5;
  await receiver.answer();
  expect(receiver.received).toEqual([]);
  expect(await receiver.files()).toEqual([]);
});
