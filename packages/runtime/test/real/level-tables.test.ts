import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realDisk } from "@flotilla/runtime/real";
import { describe, expect, onTestFinished, test } from "vitest";
import { crc32c } from "../../src/real/crc32c.ts";
import { verifyTables } from "../../src/real/level-tables.ts";
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

describe("tables of LevelDB", () => {
  test("whole ones pass, and a folder that is not there", async () => {
    const { folder } = await folderWithTable();
    await verifyTables(folder);
    await verifyTables(join(folder, "absent"));
  });

  test("a flipped byte anywhere before the footer is found", async () => {
    const { folder, table } = await folderWithTable();
    const bytes = await readFile(table);
    for (let at = 0; at < bytes.length - 48; at += 97) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await writeFile(table, flipped);
      await expect(verifyTables(folder), `byte ${at}`).rejects.toMatchObject({
        code: "ERR_FLOTILLA_DAMAGED",
      });
    }
  });

  test("a footer that points elsewhere is found", async () => {
    const { folder, table } = await folderWithTable();
    const bytes = await readFile(table);
    bytes.fill(0xff, bytes.length - 48, bytes.length - 8);
    await writeFile(table, bytes);
    await expect(verifyTables(folder)).rejects.toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
  });

  test("one that a crash cut short is left to LevelDB", async () => {
    const { folder, table } = await folderWithTable();
    await truncate(table, 500);
    await verifyTables(folder);
    await truncate(table, 0);
    await verifyTables(folder);
  });
});
