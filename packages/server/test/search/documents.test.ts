import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readDocuments } from "../../src/search/documents.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flotilla-documents-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
}

test("reads text files at any depth, named from the folder and sorted", async () => {
  await write("z.md", "last");
  await write("deep/er/a.ts", "code");
  await write("b.txt", "text");
  expect([...(await readDocuments(folder))]).toEqual([
    ["b.txt", "text"],
    ["deep/er/a.ts", "code"],
    ["z.md", "last"],
  ]);
});

test("leaves out dependencies, build output, hidden and other files, and what is too large", async () => {
  await write("kept.md", "kept");
  for (const path of [
    "node_modules/a.md",
    "dist/b.ts",
    "coverage/c.md",
    ".hidden/d.md",
    ".e.md",
    "image.png",
  ]) {
    await write(path, "left out");
  }
  await write("large.txt", "x".repeat(1_048_577));
  expect([...(await readDocuments(folder)).keys()]).toEqual(["kept.md"]);
});

test.each([
  ["a folder without documents", "."],
  ["a folder that is not there", "missing"],
])("%s is a configuration error", async (_, path) => {
  await expect(readDocuments(join(folder, path))).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_CONFIG" });
});
