import { expect, test } from "vitest";
import { configuration, DiskFixture } from "./disk-fixture.ts";

test("a long snapshot is synced while it is written, so that no sync has much to do", async () => {
  const disk = new DiskFixture();
  const { snapshots } = await disk.open();
  const syncs: number[] = [];
  let written = 0;
  const slice = new Uint8Array(1 << 20);
  const stop = disk.machine.disk.onWrite((stage, about) => {
    if (stage === "durable" && about.startsWith("snapshots/")) syncs.push(written);
  });
  const meta = await disk.run(
    (async () => {
      const writer = await snapshots.create({ index: 5, term: 1 });
      for (; written < 20; written += 1) await writer.write(slice);
      return writer.commit({ timeMs: 1, configuration, seq: 1, installed: false });
    })(),
  );
  stop();
  expect(meta.totalBytes).toBe(20 << 20);
  expect(syncs.slice(0, 3)).toEqual([7, 15, 20]);
});
