import { execFileSync } from "node:child_process";
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { destinationOf, writeWhole } from "../../src/cli/written-file.ts";

let folder = "";

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "flotilla-written-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** As commands do it. Resolves with the code of what it failed with. */
async function save(file: string, text: string): Promise<string> {
  try {
    const { path } = await destinationOf(file);
    await writeWhole(path, bytes(text));
    return "";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

test("a file is made, or replaced", async () => {
  const file = join(folder, "backup");
  expect(await destinationOf(file)).toEqual({ path: file, isThere: false });
  expect(await save(file, "one")).toBe("");
  expect(await destinationOf(file)).toEqual({ path: file, isThere: true });
  expect(await save(file, "two")).toBe("");
  expect([await readdir(folder), await readFile(file, "utf8")]).toEqual([["backup"], "two"]);
});

test("what is no file is not replaced by one: folders, pipes, and links to such", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await symlink(pipe, join(folder, "link"));
  for (const place of [pipe, join(folder, "link"), folder])
    expect(await save(place, "x")).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect((await lstat(pipe)).isFIFO()).toBe(true);
  expect(await readdir(folder)).toEqual(["link", "pipe"]);
});

test("a link goes on leading to the file", async () => {
  const [file, link] = [join(folder, "backup"), join(folder, "latest")];
  await writeFile(file, "old");
  await symlink("backup", link);
  expect(await save(link, "new")).toBe("");
  expect([await readlink(link), await readFile(file, "utf8")]).toEqual(["backup", "new"]);
});

test("a link to what is not there yet goes on leading to it, by however many links and folders", async () => {
  const [target, link] = [join(folder, "backups", "today"), join(folder, "latest")];
  await mkdir(join(folder, "backups", "old"), { recursive: true });
  await symlink(join("backups", "current"), link);
  await symlink("today", join(folder, "backups", "current"));
  await symlink(join("backups", "old"), join(folder, "old"));
  // Not beside the link: `..` is the folder of what `old` leads to.
  await symlink("old/../other", join(folder, "beside"));
  expect(await destinationOf(link)).toEqual({ path: target, isThere: false });
  expect([await save(link, "new"), await save(join(folder, "beside"), "more")]).toEqual(["", ""]);
  expect([await readlink(link), await readFile(target, "utf8")]).toEqual(["backups/current", "new"]);
  expect((await lstat(join(folder, "beside"))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, "backups", "other"), "utf8")).toBe("more");
});

test("a link that leads nowhere stays: in a circle, or to a folder that is not there", async () => {
  const [circle, lost] = [join(folder, "circle"), join(folder, "lost")];
  await symlink("circle", circle);
  await symlink(join("nowhere", "backup"), lost);
  for (const link of [circle, lost]) expect(await save(link, "x")).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect([await readlink(circle), await readlink(lost)]).toEqual(["circle", "nowhere/backup"]);
  expect(await readdir(folder)).toEqual(["circle", "lost"]);
});
