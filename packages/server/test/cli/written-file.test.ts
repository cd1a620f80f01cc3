import { execFileSync } from "node:child_process";
import {
  lstat,
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
