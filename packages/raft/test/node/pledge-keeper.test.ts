import { expect, test } from "vitest";
import { PledgeKeeper } from "../../src/node/pledge-keeper.ts";
import { PledgeWindow } from "../../src/storage/pledge-window.ts";
import { DiskFixture } from "../storage/disk-fixture.ts";

async function lifeOn(disk: DiskFixture, pledgeMs: number): Promise<PledgeKeeper> {
  const window = await disk.run(PledgeWindow.open(disk.host.disk.files));
  const settings = { host: disk.host, electionTicks: 10, heartbeatMs: pledgeMs / 10 };
  return new PledgeKeeper(settings, window, (error) => {
    throw error;
  });
}

async function pass(disk: DiskFixture, ms: number): Promise<void> {
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + ms });
}

test("nothing is pledged, and no file written, before lease reads are on and the length is durable", async () => {
  const disk = new DiskFixture();
  const life = await lifeOn(disk, 1000);
  await pass(disk, 5000);
  expect([life.isReady, disk.machine.disk.durableFiles()]).toEqual([false, []]);
  life.begin();
  expect(life.isReady).toBe(false);
  await pass(disk, 50);
  expect(life.isReady).toBe(true);
  disk.powerLoss();
  expect((await lifeOn(disk, 1000)).pledgedMs).toBe(1000);
});

test("a shorter length takes the place of a longer one only when all that was pledged before is over", async () => {
  const disk = new DiskFixture();
  (await lifeOn(disk, 1000)).begin();
  await pass(disk, 50);
  for (const pause of [0, 500, 990]) {
    disk.powerLoss();
    const life = await lifeOn(disk, 200);
    expect([life.pledgedMs, life.isReady]).toEqual([1000, true]);
    life.begin();
    await pass(disk, pause);
  }
  disk.powerLoss();
  (await lifeOn(disk, 200)).begin();
  await pass(disk, 1050);
  disk.powerLoss();
  expect((await lifeOn(disk, 200)).pledgedMs).toBe(200);
});

test("a longer length counts at once, and nothing is pledged before it is durable", async () => {
  const disk = new DiskFixture();
  (await lifeOn(disk, 200)).begin();
  await pass(disk, 50);
  disk.powerLoss();
  const life = await lifeOn(disk, 1000);
  life.begin();
  expect([life.pledgedMs, life.isReady]).toEqual([200, false]);
  await disk.run(life.close());
  expect(life.isReady).toBe(true);
});

test("a length that cannot be read is damage", async () => {
  const disk = new DiskFixture();
  (await lifeOn(disk, 200)).begin();
  await pass(disk, 50);
  disk.machine.disk.flipFile("pledges");
  await expect(lifeOn(disk, 200)).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});
