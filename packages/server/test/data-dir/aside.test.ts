import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clearData } from "../../src/data-dir/aside.ts";

async function directory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-aside-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function withData(): Promise<string> {
  const folder = await directory();
  await mkdir(join(folder, "log"));
  await writeFile(join(folder, "log", "000003.log"), "entries");
  await writeFile(join(folder, "high-water"), "5");
  await writeFile(join(folder, "identity"), "n1");
  return folder;
}

test("the old data is kept in a folder of its own, as it was", async () => {
  const folder = await withData();
  const aside = await clearData(folder, "keep");
  expect(aside).toBe(join(folder, "aside-1"));
  expect(await readdir(folder)).toEqual(["aside-1"]);
  expect((await readdir(aside ?? "")).toSorted()).toEqual(["high-water", "identity", "log"]);
  expect(await readFile(join(aside ?? "", "log", "000003.log"), "utf8")).toBe("entries");
});

test("what was kept before stays, and nothing is kept of nothing", async () => {
  const folder = await withData();
  await clearData(folder, "keep");
  expect(await clearData(folder, "keep")).toBeNull();
  await writeFile(join(folder, "identity"), "n1 again");
  expect(await clearData(folder, "keep")).toBe(join(folder, "aside-2"));
  expect(await readFile(join(folder, "aside-1", "identity"), "utf8")).toBe("n1");
  expect(await clearData(join(folder, "nowhere"), "keep")).toBeNull();
});

test("discarding deletes the data, and nothing that was kept aside", async () => {
  const folder = await withData();
  await clearData(folder, "keep");
  await writeFile(join(folder, "identity"), "n1 again");
  expect(await clearData(folder, "discard")).toBeNull();
  expect(await readdir(folder)).toEqual(["aside-1"]);
});

test("cut short, it leaves the file that says whose data it is, and finishes the next time", async () => {
  const folder = await withData();
  // As a crash left it: everything but the marker has moved.
  await mkdir(join(folder, "aside-1"));
  await rm(join(folder, "log"), { recursive: true });
  await rm(join(folder, "high-water"));
  expect(await clearData(folder, "keep")).toBe(join(folder, "aside-2"));
  expect((await readdir(folder)).toSorted()).toEqual(["aside-1", "aside-2"]);
});

test("a failure is told by code", async () => {
  const folder = await directory();
  await writeFile(join(folder, "file"), "");
  await expect(clearData(join(folder, "file"), "keep")).rejects.toMatchObject({
    code: "ERR_FLOTILLA_STORAGE",
  });
});
