import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { FlotillaError } from "@flotilla/runtime";
import { realDisk } from "@flotilla/runtime/real";
import { describe, expect, onTestFinished, test } from "vitest";
import { rejectsWith } from "../../src/conformance/expect.ts";
import { keepAside } from "../../src/real/level-aside.ts";
import { verifyLevel } from "../../src/real/level-check.ts";
import { openDatabase, openLevelStore } from "../../src/real/open-level-store.ts";
import type { LevelDatabase } from "../../src/real/level-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const valueBytes = 900;

function batch(...numbers: number[]): { type: "put"; key: Uint8Array; value: Uint8Array }[] {
  return numbers.map((k) => ({
    type: "put",
    key: Uint8Array.of(k),
    value: new Uint8Array(valueBytes).fill(k + 1),
  }));
}

async function emptyFolder(): Promise<string> {
  const temporary = await temporaryDirectory();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  return join(temporary.path, "log");
}

/** Opens the store in a folder, writes one batch for each number, and closes it. */
async function write(folder: string, ...numbers: number[]): Promise<void> {
  const store = await realDisk(join(folder, "..")).openStore("log");
  for (const number of numbers) await store.write(batch(number));
  await store.close();
}

/** The numbers that are in a store. */
async function numbersIn(folder: string): Promise<number[]> {
  const store = await realDisk(join(folder, "..")).openStore("log");
  try {
    const found: number[] = [];
    for await (const [key, value] of store.entries({})) {
      expect(value).toEqual(new Uint8Array(valueBytes).fill((key[0] ?? 0) + 1));
      found.push(key[0] ?? -1);
    }
    return found;
  } finally {
    await store.close();
  }
}

/** A store with a table and a log: 0 to 99, of which 50 to 99 are in the log. */
async function writtenFolder(): Promise<{ readonly folder: string; readonly log: string }> {
  const folder = await emptyFolder();
  await write(folder, ...all.slice(0, 50));
  await write(folder, ...all.slice(50));
  return { folder, log: join(folder, await newestLog(folder)) };
}

interface Signal {
  readonly fired: Promise<void>;
  readonly fire: () => void;
}

function signal(): Signal {
  const emitter = new AbortController();
  const fired = new Promise<void>((resolve) => {
    emitter.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return { fired, fire: () => emitter.abort() };
}

/** What came of an opening; what it opened is closed. */
async function outcome(opening: ReturnType<typeof openLevelStore>): Promise<unknown> {
  try {
    await (await opening).store.close();
    return "opened";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : error;
  }
}

const all = Array.from({ length: 100 }, (_, k) => k);

async function newestLog(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith(".log")).toSorted();
  return logs.at(-1) ?? "";
}

/** Everything in a folder but the files that LevelDB touches whenever it looks for its lock. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const name of (await readdir(folder)).toSorted()) {
    if (/^LO(?:CK|G|G\.old)$/.test(name)) continue;
    const path = join(folder, name);
    content[name] = (await stat(path)).isDirectory() ? "a folder" : (await readFile(path)).toString("base64");
  }
  return content;
}

/** LevelDB, to which the log with this name cannot be opened. */
function blindFor(name: string): typeof openDatabase {
  return async (path, createIfMissing) => {
    await rm(join(path, name));
    await symlink("nowhere", join(path, name));
    return openDatabase(path, createIfMissing);
  };
}

describe("the log of a store that is opened", () => {
  test("is not touched when it cannot be read", async () => {
    const { folder, log } = await writtenFolder();
    await rename(log, join(folder, "..", "elsewhere"));
    await mkdir(log);
    const before = await contentOf(folder);
    await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_STORAGE");
    expect(await contentOf(folder)).toEqual(before);
    await rm(log, { recursive: true });
    await rename(join(folder, "..", "elsewhere"), log);
    expect(await numbersIn(folder)).toEqual(all);
  });

  test("is not touched when a byte of it is flipped", async () => {
    const { folder, log } = await writtenFolder();
    const bytes = await readFile(log);
    for (let at = 0; at < bytes.length; at += 701) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await writeFile(log, flipped);
      const before = await contentOf(folder);
      await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_DAMAGED");
      expect(await contentOf(folder), `byte ${at}`).toEqual(before);
    }
    await writeFile(log, bytes);
    expect(await numbersIn(folder)).toEqual(all);
  });

  test.each([1, 2, 5])(
    "is not touched when the length of the record %i from its end is wrong",
    async (back) => {
      const { folder, log } = await writtenFolder();
      const bytes = await readFile(log);
      // A batch of one change with a header before it.
      const recordBytes = 7 + 12 + 1 + 2 + 2 + valueBytes;
      const lengthAt = bytes.length - back * recordBytes + 4;
      expect(bytes.readUInt16LE(lengthAt)).toBe(recordBytes - 7);
      bytes[lengthAt + 1] = (bytes[lengthAt + 1] ?? 0) ^ 0x20;
      await writeFile(log, bytes);
      await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_DAMAGED");
      expect(await readFile(log)).toEqual(bytes);
    },
  );

  test("is damaged when zeros in it are followed by more", async () => {
    const { folder, log } = await writtenFolder();
    const bytes = await readFile(log);
    await writeFile(log, Buffer.from(bytes).fill(0, 4096, 8192));
    await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_DAMAGED");
    // Where a record begins, LevelDB takes zeros for the end of a block.
    await writeFile(log, Buffer.concat([bytes.subarray(0, 922), Buffer.alloc(922), bytes.subarray(1844)]));
    await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_DAMAGED");
  });

  test("may end where a crash cut it off: within a record, or in zeros", async () => {
    const { folder, log } = await writtenFolder();
    const { size } = await stat(log);
    await truncate(log, size - 100);
    expect(await numbersIn(folder)).toEqual(all.slice(0, 99));
    await write(folder, 200, 201);
    const newest = join(folder, await newestLog(folder));
    const bytes = await readFile(newest);
    await writeFile(newest, Buffer.concat([bytes.fill(0, 1024), Buffer.alloc(70_000)]));
    expect(await numbersIn(folder)).toEqual([...all.slice(0, 99), 200]);
  });
});

describe("a log that LevelDB does not take in", () => {
  test("fails the opening, and everything is there at the next", async () => {
    const { folder, log } = await writtenFolder();
    const before = await contentOf(folder);
    const name = log.slice(folder.length + 1);
    await rejectsWith(openLevelStore(folder, blindFor(name)), "ERR_FLOTILLA_STORAGE");
    const kept = await contentOf(folder);
    for (const [file, content] of Object.entries(before)) expect(kept[file], file).toEqual(content);
    expect(await numbersIn(folder)).toEqual(all);
    expect(await readdir(folder)).not.toContain("before-open");
  });

  test("is there when the process ended before it knew", async () => {
    const { folder, log } = await writtenFolder();
    const blind = blindFor(log.slice(folder.length + 1));
    const dying = openLevelStore(folder, async (path, createIfMissing) => {
      await (await blind(path, createIfMissing)).close();
      throw new Error("the process ends");
    });
    await expect(dying).rejects.toThrow("the process ends");
    expect(await numbersIn(folder)).toEqual(all);
    await write(folder, 150);
    expect(await numbersIn(folder)).toEqual([...all, 150]);
  });

  test("is there when putting it back was cut short anywhere", async () => {
    const { folder, log } = await writtenFolder();
    const whole = await verifyLevel(folder);
    if (whole === null) throw new Error("there is nothing");
    await keepAside(folder, whole);
    await (await blindFor(log.slice(folder.length + 1))(folder, false)).close();
    const names = [whole.version.name, ...whole.tables, ...whole.logs.map(({ name }) => name), "CURRENT"];
    for (let placed = 0; placed <= names.length; placed += 1) {
      const copy = join(folder, "..", `copy-${placed}`, "log");
      await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
      for (const name of names.slice(0, placed)) {
        await rm(join(copy, name), { force: true });
        await cp(join(copy, "before-open", name), join(copy, name));
      }
      await writeFile(join(copy, "before-open.file"), "");
      expect(await numbersIn(copy), `${placed} files placed`).toEqual(all);
      expect(await readdir(copy)).not.toContain("before-open.file");
    }
  });

  test("is missed although a newer one was taken in", async () => {
    const { folder, log } = await writtenFolder();
    const name = log.slice(folder.length + 1);
    // As a crash leaves it while what the older log holds is being written into a table.
    const copy = join(folder, "..", "copy", "log");
    await cp(folder, copy, { recursive: true });
    await write(copy, 51, 200);
    const newer = await newestLog(copy);
    expect(newer > name).toBe(true);
    await cp(join(copy, newer), join(folder, newer));
    await rejectsWith(openLevelStore(folder, blindFor(name)), "ERR_FLOTILLA_STORAGE");
    await rejectsWith(openLevelStore(folder, blindFor(newer)), "ERR_FLOTILLA_STORAGE");
    expect(await numbersIn(folder)).toEqual([...all, 200]);
  });
});

describe("what was kept aside", () => {
  test("gives way to what was written since", async () => {
    const { folder } = await writtenFolder();
    const whole = await verifyLevel(folder);
    if (whole === null) throw new Error("there is nothing");
    const old = join(folder, "..", "old", "log");
    await cp(folder, old, { recursive: true });
    await keepAside(old, whole);
    await write(folder, 150);
    await cp(join(old, "before-open"), join(folder, "before-open"), { recursive: true });
    expect(await numbersIn(folder)).toEqual([...all, 150]);
    expect(await readdir(folder)).not.toContain("before-open");
  });

  test("counts for nothing before it is complete", async () => {
    const { folder } = await writtenFolder();
    await mkdir(join(folder, "before-open.draft"));
    await writeFile(join(folder, "before-open.draft", "CURRENT"), "MANIFEST-000");
    expect(await numbersIn(folder)).toEqual(all);
    expect((await readdir(folder)).filter((name) => name.startsWith("before"))).toEqual([]);
  });

  test("is not put in the place of what is damaged otherwise", async () => {
    const { folder } = await writtenFolder();
    const whole = await verifyLevel(folder);
    if (whole === null) throw new Error("there is nothing");
    const old = join(folder, "..", "old", "log");
    await cp(folder, old, { recursive: true });
    await keepAside(old, whole);
    await write(folder, 150);
    await cp(join(old, "before-open"), join(folder, "before-open"), { recursive: true });
    await rm(join(folder, await newestLog(folder)));
    await rejectsWith(realDisk(join(folder, "..")).openStore("log"), "ERR_FLOTILLA_DAMAGED");
    expect(await readdir(folder)).toContain("before-open");
  });

  test("is left to the next start by one who finds that another one opened the store meanwhile", async () => {
    for (const written of [[], [150]]) {
      const { folder } = await writtenFolder();
      let other: LevelDatabase | undefined;
      const late = openLevelStore(folder, async (path, createIfMissing) => {
        other = await openDatabase(path, createIfMissing);
        for (const { key, value } of batch(...written)) await other.put(key, value);
        return openDatabase(path, createIfMissing);
      });
      await rejectsWith(late, "ERR_FLOTILLA_LOCKED");
      await other?.close();
      expect(await readdir(folder)).toContain("before-open");
      expect(await numbersIn(folder)).toEqual([...all, ...written]);
      expect(await readdir(folder)).not.toContain("before-open");
    }
  });

  test("fails the opening when it cannot be given up, and the store can be opened again", async () => {
    const { folder } = await writtenFolder();
    const opening = openLevelStore(folder, async (path, createIfMissing) => {
      await mkdir(join(path, "before-open.draft", "in the way"), { recursive: true });
      return openDatabase(path, createIfMissing);
    });
    await expect(opening).rejects.toThrow("ENOTEMPTY");
    expect(await numbersIn(folder)).toEqual(all);
    expect((await readdir(folder)).filter((name) => name.startsWith("before"))).toEqual([]);
  });

  test("may be gone when it is given up", async () => {
    const { folder } = await writtenFolder();
    const { store } = await openLevelStore(folder, async (path, createIfMissing) => {
      await rm(join(path, "before-open"), { recursive: true });
      return openDatabase(path, createIfMissing);
    });
    await store.close();
    expect(await numbersIn(folder)).toEqual(all);
  });

  test("is not made, nor anything else, while another one uses the store", async () => {
    const { folder } = await writtenFolder();
    await using store = await realDisk(join(folder, "..")).openStore("log");
    await store.write(batch(150));
    const before = await contentOf(folder);
    await rejectsWith(openLevelStore(folder), "ERR_FLOTILLA_LOCKED");
    expect(await contentOf(folder)).toEqual(before);
  });
});

describe("a store that is opened twice", () => {
  test("is opened by one, although both had begun", async () => {
    const { folder } = await writtenFolder();
    const [isReady, maySlowGoOn] = [signal(), signal()];
    const slow = outcome(
      openLevelStore(folder, async (path, createIfMissing) => {
        isReady.fire();
        await maySlowGoOn.fired;
        return openDatabase(path, createIfMissing);
      }),
    );
    await isReady.fired;
    const quick = await outcome(
      openLevelStore(folder, async (path, createIfMissing) => {
        const db = await openDatabase(path, createIfMissing);
        maySlowGoOn.fire();
        await slow;
        return db;
      }),
    );
    maySlowGoOn.fire();
    expect(new Set([quick, await slow])).toEqual(new Set(["opened", "ERR_FLOTILLA_LOCKED"]));
    expect(await numbersIn(folder)).toEqual(all);
  });

  test("is opened although a crash tore what holds off others meanwhile", async () => {
    const { folder } = await writtenFolder();
    for (const [name, content] of [
      ["CURRENT", "MANIFEST-000005\n"],
      ["MANIFEST-000005", Buffer.alloc(4096)],
      ["000003.log", Buffer.alloc(5000, 7)],
    ] as const)
      await writeFile(join(folder, "claim", name), content);
    expect(await numbersIn(folder)).toEqual(all);
    expect(await readdir(join(folder, "claim"))).toEqual(["LOCK"]);
  });
});

test("the folder of a store lets nobody else in, also when it was there before", async () => {
  const folder = await emptyFolder();
  await mkdir(folder, { mode: 0o755 });
  await write(folder, 1);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});
