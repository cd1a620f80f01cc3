import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { SmallDisk, whyNoMount } from "../../jepsen/src/processes/small-disk.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import type { Ran } from "../support/command-line.ts";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { says, Site } from "../support/site.ts";

const ids = ["n1", "n2", "n3"] as const;
const founders = ids.map((id) => `${id}:voter`);
const noMount = whyNoMount();
if (noMount !== null) console.warn(`SKIP: ${noMount}: a repair on a full disk is not tested`);

describe("flotilla repair --rejoin leaves data alone", { timeout: 240_000 }, () => {
  test.skipIf(noMount !== null)("that is sound, on a disk that is full", async () => {
    await using site = await Site.open("cli-repair-full");
    await site.leader(ids);
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
    await site.kill("n3");
    const { dataDir } = site.place("n3");
    await rename(dataDir, `${dataDir}.before`);
    await mkdir(dataDir);
    using disk = new SmallDisk(dataDir, 4 << 20);
    await cp(`${dataDir}.before`, dataDir, { recursive: true });
    // `dd` ends with an error once nothing more fits.
    spawnSync("dd", ["if=/dev/zero", `of=${join(dataDir, "other")}`, "bs=4096"]);
    const before = await readdir(dataDir);
    const repair = ["repair", "--rejoin", "--data-dir", dataDir, "--yes", "--discard"];
    // Whether anybody else is up has nothing to do with it.
    const alone = flotilla([...repair, "--endpoints", "127.0.0.1:1", "--timeout", "2s"]);
    for (const refused of [await site.run(...repair), await alone])
      expect(refused).toMatchObject({
        code: 74,
        stdout: "",
        stderr: says(/No space left on device[\s\S]*hint: Make room on the disk.*--force/),
      });
    expect(await readdir(dataDir)).toEqual(before);
    expect(await site.roles()).toEqual(founders);
    disk.resize(64 << 20);
    expect(await site.recover("n3")).toMatchObject({ code: 0, stdout: says(/^n3 of cluster/) });
    await rm(join(dataDir, "other"));
    site.cluster.member("n3").start();
    await site.kill("n1");
    expect(await site.run("put", "/a", "2")).toMatchObject({ code: 0 });
    await site.kill("n2", "n3");
  });

  test("of another member and of another cluster, also when it is damaged", async () => {
    await using site = await Site.open("cli-repair-foreign");
    await site.leader(ids);
    await site.kill("n3");
    const { dataDir } = site.place("n3");
    await writeFile(join(dataDir, "log", "CURRENT"), "hi\n");
    const repair = ["repair", "--rejoin", "--data-dir", dataDir, "--yes"];
    for (const other of [
      ["--id", "n2"],
      ["--cluster", "other"],
    ])
      expect(await site.run(...repair, ...other)).toMatchObject({
        code: 74,
        stdout: "",
        stderr: says(/belongs to node n3.*ERR_FLOTILLA_FOREIGN/),
      });
    expect((await readdir(dataDir)).filter((name) => name.startsWith("aside"))).toEqual([]);
    expect(await site.roles()).toEqual(founders);
  });
});

test("a repair that was cut short once the old data was away is done again as it was given", async () => {
  await using site = await Site.open("cli-repair-again");
  await site.leader(ids);
  await site.kill("n3");
  await site.damage("n3");
  const { dataDir } = site.place("n3");
  const names = await readdir(dataDir);
  await mkdir(join(dataDir, "aside-1"));
  for (const name of names) await rename(join(dataDir, name), join(dataDir, "aside-1", name));
  expect(await site.run("repair", "--rejoin", "--data-dir", dataDir, "--yes")).toMatchObject({
    code: 0,
    stdout: says(/^n3 has new data/m),
  });
  site.cluster.member("n3").start();
  await site.become(...founders);
}, 240_000);

test("the only member of a cluster, damaged, is sent to a backup and comes back from it", async () => {
  await using folder = await TemporaryFolder.create("cli-repair-lone");
  const address = `127.0.0.1:${(await freePorts(1))[0]}`;
  const [dataDir, backup, again] = ["data", "backup", "again"].map((name) => join(folder.path, name));
  const settings = ["--listen", address, "--bootstrap", `n1=${address}`];
  const serve = (dir = ""): CommandLine =>
    new CommandLine(["serve", "--id", "n1", "--data-dir", dir, ...settings]);
  const run = (timeout: string, ...args: string[]): Promise<Ran> =>
    flotilla([...args, "--endpoints", address, "--timeout", timeout]);
  const restore = ["snapshot", "restore", backup ?? "", "--yes", "--id", "n1", "--advertise", address];
  const repair = ["repair", "--rejoin", "--yes", "--data-dir", dataDir ?? ""];
  {
    await using member = serve(dataDir);
    await member.printed(/n1 of cluster flotilla listens on/);
    expect(await run("30s", "put", "/a", "1")).toMatchObject({ code: 0 });
    expect(await run("30s", "snapshot", "save", backup ?? "")).toMatchObject({ code: 0 });
  }
  await writeFile(join(dataDir ?? "", "log", "CURRENT"), "hi\n");
  {
    await using damaged = serve(dataDir);
    await damaged.printed(/flotilla snapshot restore/);
    expect(await run("2s", "members", "ls")).toMatchObject({
      code: 74,
      stderr: says(/node n1: .*CURRENT.*ERR_FLOTILLA_DAMAGED/),
    });
    expect(await run("2s", ...repair)).toMatchObject({
      code: 3,
      stdout: "",
      stderr: says(/only damaged ones answer: node n1.*\nhint: .*flotilla snapshot restore/),
    });
  }
  expect(await run("2s", ...repair)).toMatchObject({
    code: 3,
    stderr: says(/none answers.*\nhint: .*flotilla snapshot restore/),
  });
  expect(await flotilla([...restore, "--data-dir", dataDir ?? ""])).toMatchObject({
    code: 5,
    stderr: says(/damaged data in .*ERR_FLOTILLA_EXISTS.*\nhint: Give an empty directory/),
  });
  expect(await flotilla([...restore, "--data-dir", again ?? ""])).toMatchObject({ code: 0 });
  await using back = serve(again);
  await back.printed(/n1 of cluster flotilla listens on/);
  expect(await run("30s", "get", "/a")).toMatchObject({ code: 0, stdout: "1" });
}, 240_000);

test("a member whose data went back in time is repaired as it was told to be", async () => {
  await using site = await Site.open("cli-repair-back");
  await site.leader(ids);
  const { dataDir, address } = site.place("n3");
  const member = site.cluster.member("n3");
  await site.kill("n3");
  await cp(dataDir, `${dataDir}.before`, { recursive: true });
  member.start();
  for (let k = 0; k < 5; k += 1) expect(await site.run("put", "/a", `${k}`)).toMatchObject({ code: 0 });
  const read = await flotilla(["get", "/a", "--endpoints", address, "--timeout", "30s"]);
  expect(read).toMatchObject({ code: 0, stdout: "4" });
  await site.kill("n3");
  await rm(dataDir, { recursive: true });
  await rename(`${dataDir}.before`, dataDir);
  member.start();
  await site.cluster.until("it is told of", async () =>
    (await site.run("status")).stdout.includes("n3 is damaged") ? true : undefined,
  );
  member.signal("SIGTERM");
  await member.ended();
  expect(await site.run("repair", "--rejoin", "--data-dir", dataDir, "--yes")).toMatchObject({
    code: 0,
    stdout: says(/^n3 has new data/m),
  });
  member.start();
  await site.become(...founders);
}, 240_000);
