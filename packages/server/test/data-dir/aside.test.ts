import type * as promises from "node:fs/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { clearData, discardAside, newestAside } from "../../src/data-dir/aside.ts";

/** Which call that changes a directory is the last one of a process. */
const files = vi.hoisted(() => {
  const state = { calls: 0, failsAt: Number.POSITIVE_INFINITY, counted };
  function counted<A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => {
      state.calls += 1;
      if (state.calls >= state.failsAt) throw new Error("the process ended");
      return call(...args);
    };
  }
  return state;
});

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof promises>();
  return {
    ...real,
    rename: files.counted(real.rename),
    rm: files.counted(real.rm),
    open: files.counted(real.open),
  };
});

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

test.each(["keep", "discard"] as const)("what is not ours stays where it is (%s)", async (disposal) => {
  const folder = await withData();
  await writeFile(join(folder, "secret.txt"), "kept");
  await writeFile(join(folder, ".identity.draft"), "n");
  await mkdir(join(folder, "mine"));
  await clearData(folder, disposal);
  expect((await readdir(folder)).filter((name) => name !== "aside-1")).toEqual(["mine", "secret.txt"]);
});

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
  const aside = await clearData(folder, "discard");
  // Whose it was, until there is new data.
  expect(await readdir(aside ?? "")).toEqual(["identity"]);
  await discardAside(aside ?? "");
  expect(await readdir(folder)).toEqual(["aside-1"]);
  expect(await readdir(join(folder, "aside-1"))).toContain("high-water");
});

test.each(["keep", "discard"] as const)(
  "cut short anywhere, what is left is never taken for an empty directory, says whose it was, and the next time finishes (%s)",
  async (disposal) => {
    for (let point = 1; ; point += 1) {
      const folder = await withData();
      const before = files.calls;
      files.failsAt = before + point;
      const failure: unknown = await clearData(folder, disposal).catch((error: unknown) => error);
      files.failsAt = Number.POSITIVE_INFINITY;
      if (files.calls - before < point) {
        expect(point).toBeGreaterThan(4);
        return;
      }
      expect(failure, `at call ${point}`).toMatchObject({ code: "ERR_FLOTILLA_STORAGE" });
      const left = await readdir(folder);
      const others = left.filter((name) => name !== "identity" && !name.startsWith("aside-"));
      if (!left.includes("identity")) expect(others, `at call ${point}`).toEqual([]);
      const owned = left.includes("identity") ? folder : ((await newestAside(folder)) ?? folder);
      expect(await readdir(owned), `at call ${point}`).toContain("identity");
      await clearData(folder, disposal);
      const kept = await Promise.all((await readdir(folder)).map((name) => readdir(join(folder, name))));
      const expected = disposal === "keep" ? ["high-water", "identity", "log"] : ["identity"];
      expect(kept.flat().toSorted(), `at call ${point}`).toEqual(expected);
    }
  },
);

test("a failure is told by code", async () => {
  const folder = await directory();
  await writeFile(join(folder, "file"), "");
  await expect(clearData(join(folder, "file"), "keep")).rejects.toMatchObject({
    code: "ERR_FLOTILLA_STORAGE",
  });
});
