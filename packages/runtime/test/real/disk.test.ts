import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { realDisk } from "@flotilla/runtime/real";
import { describe, expect, test } from "vitest";
import { bytes, rejectsWith, text } from "../../src/conformance/expect.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("real disk", () => {
  test("makes its directory, with parents, for its owner only", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "deep", "er");
    await using store = await realDisk(path).openStore("log");
    await store.write([{ type: "put", key: bytes("a"), value: bytes("1") }]);
    await realDisk(path).files.append("x/y", bytes("1"));
    for (const made of [path, join(path, "x")]) expect((await stat(made)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, "x/y"))).mode & 0o777).toBe(0o600);
  });

  test("does nothing to the file system before it is used", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "unused");
    const disk = realDisk(path);
    expect(await disk.files.read("a")).toBe(undefined);
    expect(await disk.files.list("")).toEqual([]);
    expect(await readdir(directory.path)).toEqual([]);
  });

  test("keeps stores of different names apart", async () => {
    await using directory = await temporaryDirectory();
    const disk = realDisk(directory.path);
    await using one = await disk.openStore("one");
    await using two = await disk.openStore("two");
    await one.write([{ type: "put", key: bytes("a"), value: bytes("1") }]);
    expect(two.getSync(bytes("a"))).toBe(undefined);
  });

  test(
    "refuses a store that another process holds, and opens it once that process died",
    { timeout: 60_000 },
    async () => {
      await using directory = await temporaryDirectory();
      const first = await realDisk(directory.path).openStore("log");
      await first.write([{ type: "put", key: bytes("a"), value: bytes("1") }]);
      await first.close();
      const script = `
      const { Level } = await import("level");
      await new Level(process.argv[1]).open();
      console.log("open");
      process.stdin.resume();
    `;
      const child = spawn(
        process.execPath,
        ["--input-type=module", "-e", script, join(directory.path, "log")],
        {
          cwd: import.meta.dirname,
          stdio: ["pipe", "pipe", "inherit"],
        },
      );
      await once(child.stdout, "data");
      await rejectsWith(realDisk(directory.path).openStore("log"), "ERR_FLOTILLA_LOCKED");
      child.kill("SIGKILL");
      await once(child, "exit");
      await using second = await realDisk(directory.path).openStore("log");
      expect(text(second.getSync(bytes("a")))).toBe("1");
    },
  );

  test("a store that is no store, or a name that is none, is refused with the reason", async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, "file"), "in the way");
    const disk = realDisk(directory.path);
    await rejectsWith(disk.openStore("file"), "ERR_FLOTILLA_STORAGE");
    await rejectsWith(disk.openStore("../out"), "ERR_FLOTILLA_BAD_ARGUMENT");
    await rejectsWith(realDisk(join(directory.path, "file")).openStore("log"), "ERR_FLOTILLA_STORAGE");
  });

  test("a store whose CURRENT names another manifest does not open", async () => {
    await using directory = await temporaryDirectory();
    const store = await realDisk(directory.path).openStore("log");
    await store.close();
    await writeFile(join(directory.path, "log", "CURRENT"), "MANIFEST-999999\n");
    await rejectsWith(realDisk(directory.path).openStore("log"), "ERR_FLOTILLA_DAMAGED");
  });

  test("entries larger than a step of the scan come whole and in order", async () => {
    await using directory = await temporaryDirectory();
    await using store = await realDisk(directory.path).openStore("log");
    const keys = Array.from({ length: 2500 }, (_, index) => bytes(`k${index + 10_000}`));
    await store.write(
      keys.map((key) => ({ type: "put", key, value: new Uint8Array(2000).fill(key[3] ?? 0) })),
    );
    const found: string[] = [];
    for await (const [key, value] of store.entries({})) {
      found.push(text(key) ?? "");
      expect(value.length).toBe(2000);
    }
    expect(found).toEqual(keys.map(text));
  });

  test("a draft left by a crash is neither listed nor in the way", async () => {
    await using directory = await temporaryDirectory();
    const { files } = realDisk(directory.path);
    await files.replace("marker", bytes("old"));
    await writeFile(join(directory.path, ".marker.draft"), "half of somethi");
    expect(await files.list("")).toEqual(["marker"]);
    await files.replace("marker", bytes("new"));
    expect(text(await files.read("marker"))).toBe("new");
    expect(await readdir(directory.path)).toEqual(["marker"]);
  });

  test("a failure of the file system is a storage error, and later calls on the name go on", async () => {
    await using directory = await temporaryDirectory();
    const { files } = realDisk(directory.path);
    await mkdir(join(directory.path, "folder"));
    await rejectsWith(files.append("folder", bytes("x")), "ERR_FLOTILLA_STORAGE");
    await rejectsWith(files.read("folder"), "ERR_FLOTILLA_STORAGE");
    await files.append("file", bytes("x"));
    await rejectsWith(files.append("file/below", bytes("x")), "ERR_FLOTILLA_STORAGE");
    expect(text(await files.read("file"))).toBe("x");
  });

  test("the client entry imports neither the store nor the disk", async () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    async function walk(path: string): Promise<void> {
      if (seen.has(path)) return;
      seen.add(path);
      const source = await readFile(path, "utf8");
      for (const [, specifier = ""] of source.matchAll(
        /(?:^(?:import|export) (?!type)[^;]*from |import\()"([^"]+)"/gm,
      )) {
        if (specifier.startsWith(".")) await walk(join(dirname(path), specifier));
        else if (!specifier.startsWith("node:")) packages.add(specifier);
      }
    }
    await walk(join(import.meta.dirname, "../../src/real/client.ts"));
    expect(seen.size).toBeGreaterThan(8);
    expect([...packages]).toEqual(["ws"]);
  });
});
