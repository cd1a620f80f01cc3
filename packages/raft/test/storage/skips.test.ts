import { expect, test } from "vitest";
import { addSkip, Skips } from "../../src/storage/skips.ts";
import { DiskFixture, entry } from "./disk-fixture.ts";

test("as many entries are passed over as can be read again, and one more is refused", async () => {
  const disk = new DiskFixture();
  const { files } = disk.host.disk;
  await disk.run(
    (async () => {
      for (let index = 2; index <= 1025; index += 1) await addSkip(files, entry(index, 1));
    })(),
  );
  await expect(disk.run(addSkip(files, entry(1026, 1)))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_CONDITION",
  });
  disk.powerLoss();
  const skips = await disk.run(Skips.open(disk.host.disk.files));
  expect([1, 2, 1025, 1026].map((index) => skips.has(entry(index, 1)))).toEqual([false, true, true, false]);
});
