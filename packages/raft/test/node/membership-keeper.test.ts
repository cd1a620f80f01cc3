import { expect, test } from "vitest";
import { Raft } from "../../src/core/raft.ts";
import type { Configuration } from "../../src/core/config/configuration.ts";
import { MembershipKeeper } from "../../src/node/membership-keeper.ts";
import { MembershipMark } from "../../src/storage/membership-mark.ts";
import { founded, incarnationOf, MemoryDisk, nobody, seeded } from "../core/member.ts";
import { DiskFixture } from "../storage/disk-fixture.ts";

const withC = founded(["a", "b", "c"]);
const withoutC: Configuration = { ...founded(["a", "b"]), index: 9 };

async function lifeOn(
  disk: DiskFixture,
  newest: Configuration,
  incarnation: string = incarnationOf("c"),
): Promise<MembershipKeeper> {
  const mark = await disk.run(MembershipMark.open(disk.host.disk.files, incarnation));
  return new MembershipKeeper(mark, { configurations: [newest] }, (error) => {
    throw error;
  });
}

function coreOf(configuration: Configuration, memberSince: number | null): Raft {
  const disk = new MemoryDisk(configuration);
  return new Raft({
    id: "c",
    incarnation: incarnationOf("c"),
    random: seeded(1),
    start: { nowMs: 0, wallMs: 0 },
    recovered: { ...disk.recover(), commit: 0 },
    reader: disk,
    memberSince,
    probe: () => {},
  });
}

test("no file is written for a node that nobody has added, and one as soon as it is a member", async () => {
  const disk = new DiskFixture();
  const life = await lifeOn(disk, nobody);
  life.settled(coreOf(nobody, null));
  await disk.run(life.close());
  expect(disk.machine.disk.durableFiles()).toEqual([]);
  life.settled(coreOf(withC, null));
  expect([life.since, life.isRemoved]).toEqual([0, false]);
  await disk.run(life.close());
  expect(disk.machine.disk.durableFiles()).toEqual(["membership"]);
});

test("a node whose log begins behind its removal knows it by what was noted, and without that does not", async () => {
  const disk = new DiskFixture();
  const life = await lifeOn(disk, withC);
  life.settled(coreOf(withC, null));
  await disk.run(life.close());
  disk.powerLoss();
  const { since } = await lifeOn(disk, withoutC);
  const atOnce = { ...withoutC, index: 0 };
  expect(coreOf(atOnce, since).removed).toBe(true);
  expect(coreOf(atOnce, null).removed).toBe(false);
});

test("a removal stays known over a power loss, in the history that it belongs to", async () => {
  const disk = new DiskFixture();
  const life = await lifeOn(disk, withC);
  life.removed(withC);
  life.removed(withC);
  await disk.run(life.close());
  disk.powerLoss();
  const next = await lifeOn(disk, withC);
  expect([next.since, next.isRemoved]).toEqual([0, true]);
  // A cluster of its own was made of this data.
  const forced = await lifeOn(disk, { ...withC, historyId: "cd".repeat(16) });
  expect([forced.since, forced.isRemoved]).toEqual([null, false]);
  // Other data was made beside what is left of this.
  const anew = await lifeOn(disk, withC, incarnationOf("c2"));
  expect([anew.since, anew.isRemoved]).toEqual([null, false]);
});

test("a mark that cannot be read is damage", async () => {
  const disk = new DiskFixture();
  const life = await lifeOn(disk, withC);
  life.removed(withC);
  await disk.run(life.close());
  disk.machine.disk.flipFile("membership");
  await expect(lifeOn(disk, withC)).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
});
