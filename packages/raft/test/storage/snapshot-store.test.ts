import type { Files } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import { configuration, DiskFixture } from "./disk-fixture.ts";

/** A life of a node in which it takes a snapshot. */
async function take(files: Files, index: number): Promise<void> {
  const store = await SnapshotStore.open(files);
  const writer = await store.create({ index, term: 1 });
  await writer.write(new Uint8Array(1000));
  await store.adopt(await writer.commit({ timeMs: 0, configuration, seq: 1, installed: false }));
}

async function spoil(files: Files, name: string): Promise<void> {
  const bytes = Uint8Array.from((await files.read(name)) ?? []);
  await files.replace(
    name,
    bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
  );
}

function filesOf(...indexes: readonly number[]): string[] {
  return indexes.flatMap((index) => [`${index}-1.data`, `${index}-1.manifest`]);
}

test("what is left of a snapshot whose manifest went bad goes with the next newer one", async () => {
  const disk = new DiskFixture();
  const { files } = disk.host.disk;
  const left = await disk.run(
    (async () => {
      await take(files, 10);
      await take(files, 20);
      await spoil(files, "snapshots/20-1.manifest");
      await SnapshotStore.open(files);
      const atOpen = await files.list("snapshots");
      await take(files, 15);
      const afterOlder = await files.list("snapshots");
      await take(files, 30);
      return [atOpen, afterOlder, await files.list("snapshots")];
    })(),
  );
  expect(left.map((names) => names.toSorted())).toEqual([
    filesOf(10, 20),
    filesOf(10, 15, 20),
    filesOf(15, 30),
  ]);
});

test("a snapshot taken anew in the place of one whose manifest went bad stays", async () => {
  const disk = new DiskFixture();
  const { files } = disk.host.disk;
  const left = await disk.run(
    (async () => {
      await take(files, 10);
      await spoil(files, "snapshots/10-1.manifest");
      const store = await SnapshotStore.open(files);
      for (const index of [10, 20]) {
        const writer = await store.create({ index, term: 1 });
        await writer.write(new Uint8Array(1000));
        await store.adopt(await writer.commit({ timeMs: 0, configuration, seq: 1, installed: false }));
      }
      return files.list("snapshots");
    })(),
  );
  expect(left.toSorted()).toEqual(filesOf(10, 20));
});
