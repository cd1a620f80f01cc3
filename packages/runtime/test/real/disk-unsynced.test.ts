import type * as directories from "../../src/real/sync-directory.ts";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { rejectsWith } from "../../src/conformance/expect.ts";
import { realDisk } from "../../src/real/disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const disk = vi.hoisted(() => ({ failsFor: "" }));

vi.mock("../../src/real/sync-directory.ts", async (original) => {
  const { syncDirectory } = await original<typeof directories>();
  return {
    syncDirectory: async (path: string) => {
      if (path === disk.failsFor) throw new Error("EIO: i/o error, fsync");
      await syncDirectory(path);
    },
  };
});

test("a store whose folder cannot be synced is not open, and can be opened later", async () => {
  await using directory = await temporaryDirectory();
  const real = realDisk(directory.path);
  disk.failsFor = join(directory.path, "log");
  await rejectsWith(real.openStore("log"), "ERR_FLOTILLA_STORAGE");
  disk.failsFor = "";
  await using store = await real.openStore("log");
  expect(await store.get(Uint8Array.of(1))).toBeUndefined();
});
