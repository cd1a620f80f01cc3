import { expect, test } from "vitest";
import type { Disks } from "../src/faults/disks.ts";
import { Lives } from "../src/faults/lives.ts";
import type { Cluster } from "../src/processes/cluster.ts";
import { MemberProcess } from "../src/processes/member-process.ts";

const ignores = 'process.on("SIGTERM", () => {}); process.send("ready"); setInterval(() => {}, 1_000);';
const obeys =
  'process.on("SIGTERM", () => process.exit(0)); process.send("ready"); setInterval(() => {}, 1_000);';

/** A member that is ready to be told something, and who ends it. */
async function running(code: string, patienceMs: number): Promise<{ member: MemberProcess; lives: Lives }> {
  const member = new MemberProcess({ id: "n1", command: ["-e", code] });
  const isReady = new Promise((resolve) => {
    member.onMessage(resolve);
  });
  member.start();
  await isReady;
  const cluster = { member: () => member, places: [{ id: "n1" }] } as unknown as Cluster;
  const disks = { cutPower: () => Promise.resolve() } as unknown as Disks;
  return { member, lives: new Lives(cluster, disks, patienceMs) };
}

test("a member that does not end in order is told of and killed", { timeout: 60_000 }, async () => {
  const { member, lives } = await running(ignores, 100);
  await lives.stopInOrder(["n1"]);
  expect(lives.endless).toEqual(["n1 did not end within 100 ms of SIGTERM"]);
  expect(member.exits).toEqual([{ code: null, signal: "SIGKILL", told: "SIGKILL" }]);
});

test("a member that ends in order is not", { timeout: 60_000 }, async () => {
  const { member, lives } = await running(obeys, 50_000);
  await lives.stopInOrder(["n1"]);
  expect(lives.endless).toEqual([]);
  expect(member.exits).toEqual([{ code: 0, signal: null, told: "SIGTERM" }]);
});

test("a disk that two faults strike is mended when the last of them is over", async () => {
  const mended: string[] = [];
  const disks = {
    fail: () => Promise.resolve(),
    mend: async (id: string) => void mended.push(id),
  } as unknown as Disks;
  const lives = new Lives({} as unknown as Cluster, disks);
  const endFirst = await lives.failDisks(["n1", "n2"], "keep");
  const endSecond = await lives.failDisks(["n1"], "keep");
  await endFirst();
  expect(mended).toEqual(["n2"]);
  await endSecond();
  expect(mended).toEqual(["n2", "n1"]);
});
