import { appendFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realDisk } from "@flotilla/runtime/real";
import { describe, expect, onTestFinished, test } from "vitest";
import { crc32c } from "../../src/real/crc32c.ts";
import { verifyLevel } from "../../src/real/level-check.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A folder with one table that holds many blocks. */
async function folderWithTable(): Promise<{ readonly folder: string; readonly table: string }> {
  const temporary = await temporaryDirectory();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  const directory = temporary.path;
  for (let round = 0; round < 2; round += 1) {
    const store = await realDisk(directory).openStore("log");
    const keys = Array.from({ length: 50 }, (_, k) => Uint8Array.of(round, k));
    await store.write(keys.map((key) => ({ type: "put", key, value: new Uint8Array(900).fill(7) }) as const));
    await store.close();
  }
  const folder = join(directory, "log");
  const [name = ""] = (await readdir(folder)).filter((each) => each.endsWith(".ldb"));
  return { folder, table: join(folder, name) };
}

test("the checksum is that of RFC 3720", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});

const isDamage = { code: "ERR_FLOTILLA_DAMAGED" };

async function nameOf(folder: string, pattern: RegExp): Promise<string> {
  return join(folder, (await readdir(folder)).find((name) => pattern.test(name)) ?? "");
}

describe("what a LevelDB consists of", () => {
  test("passes when whole, and when there is nothing yet", async () => {
    const { folder } = await folderWithTable();
    await verifyLevel(folder);
    await verifyLevel(join(folder, "absent"));
  });

  test("a flipped byte anywhere before the footer of a table is found", async () => {
    const { folder, table } = await folderWithTable();
    const bytes = await readFile(table);
    for (let at = 0; at < bytes.length - 48; at += 97) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await writeFile(table, flipped);
      await expect(verifyLevel(folder), `byte ${at}`).rejects.toMatchObject(isDamage);
    }
  });

  test("a footer that points elsewhere is found, and one that is none", async () => {
    const { folder, table } = await folderWithTable();
    const bytes = await readFile(table);
    await writeFile(table, Buffer.from(bytes).fill(0xff, bytes.length - 48, bytes.length - 8));
    await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
    await writeFile(table, Buffer.from(bytes).fill(0, bytes.length - 8));
    await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
  });

  test.each([0, 40, 500])("a table cut to %i bytes is found, and one that is gone", async (size) => {
    const { folder, table } = await folderWithTable();
    await truncate(table, size);
    await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
    await rm(table);
    await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
  });

  test("a table that a crash cut short before the manifest named it is ignored", async () => {
    const { folder } = await folderWithTable();
    await writeFile(join(folder, "000999.ldb"), "half a tab");
    await verifyLevel(folder);
  });

  test("a flipped byte anywhere in the manifest is found", async () => {
    const { folder } = await folderWithTable();
    const manifest = await nameOf(folder, /^MANIFEST/);
    const bytes = await readFile(manifest);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x11;
      await writeFile(manifest, flipped);
      await expect(verifyLevel(folder), `byte ${at}`).rejects.toMatchObject(isDamage);
    }
  });

  test("what a crash left of the next edit of the manifest is no damage", async () => {
    const { folder } = await folderWithTable();
    await appendFile(await nameOf(folder, /^MANIFEST/), Uint8Array.of(1, 2, 3, 4, 200, 0, 1, 9, 9));
    await verifyLevel(folder);
  });

  test.each([/^MANIFEST/, /\.log$/, /^CURRENT$/])("a file that matches %s is missed", async (pattern) => {
    const { folder } = await folderWithTable();
    await rm(await nameOf(folder, pattern));
    await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
  });

  test.each(["", "MANIFEST-000002", "manifest-000002\n", "MANIFEST-999999\n"])(
    "CURRENT with %j is damage",
    async (content) => {
      const { folder } = await folderWithTable();
      await writeFile(join(folder, "CURRENT"), content);
      await expect(verifyLevel(folder)).rejects.toMatchObject(isDamage);
    },
  );

  test("a first opening that a crash cut short is done again", async () => {
    const { folder } = await folderWithTable();
    for (const name of await readdir(folder))
      if (!name.startsWith("MANIFEST")) await rm(join(folder, name), { recursive: true });
    await writeFile(join(folder, "000003.log"), "");
    await verifyLevel(folder);
    await (await realDisk(join(folder, "..")).openStore("log")).close();
  });
});
