import { cp, mkdir, readdir, readFile, rm, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CoordNode, StartOptions } from "@flotilla/coord";
import { FlotillaError, start, text } from "@flotilla/coord";
import { silentLogger } from "@flotilla/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandLine, flotilla } from "../support/command-line.ts";
import type { Ran } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { cluster, rejection, secret } from "./lone-member.ts";

const limitMs = 60_000;
const writes = 40;

let folder: TemporaryFolder;
let address: string;

beforeEach(async () => {
  folder = await TemporaryFolder.create("data");
  const [port] = await freePorts(1);
  address = `127.0.0.1:${port}`;
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

function open(dataDir: string, more: Partial<StartOptions> = {}): Promise<CoordNode> {
  const bootstrap = [{ id: "n1", address }];
  return start({
    id: "n1",
    dataDir,
    listen: address,
    bootstrap,
    cluster,
    secret,
    logger: silentLogger,
    heartbeatMs: 5,
    electionTimeoutMs: 30,
    sessionTtlMs: 60_000,
    snapshotEntries: 20,
    trailingEntries: 5,
    ...more,
  });
}

/** Writes until `count` values are acknowledged. */
async function write(node: CoordNode, from: number, count: number): Promise<void> {
  for (let k = from; k < from + count; k += 1)
    await node.session.put(`/k${k}`, `v${k}`, { timeoutMs: limitMs });
}

/** Makes a directory with `writes` acknowledged values in tables, in LevelDB's log and in snapshots. */
async function populated(dataDir: string): Promise<void> {
  for (const from of [0, writes / 2]) {
    const node = await open(dataDir);
    await write(node, from, writes / 2);
    await node.close();
  }
}

/** What is wrong with what the member serves; undefined when all of it is there. */
async function missing(node: CoordNode, count = writes): Promise<string | undefined> {
  const keys = Array.from({ length: count }, (_, k) => k);
  const nodes = await Promise.all(keys.map((k) => node.session.get(`/k${k}`, { timeoutMs: limitMs })));
  const lost = nodes.findIndex((found, k) => found === null || text(found) !== `v${k}`);
  return lost === -1 ? undefined : `/k${lost}`;
}

const refusals = [
  "ERR_FLOTILLA_DAMAGED",
  "ERR_FLOTILLA_STORAGE",
  "ERR_FLOTILLA_WIPED",
  "ERR_FLOTILLA_FOREIGN",
];

/** Opens a directory: either everything acknowledged is there, or it is refused with a typed error. Says which. */
async function openedOrRefused(dataDir: string, what: string): Promise<string> {
  let node: CoordNode;
  try {
    node = await open(dataDir);
  } catch (error) {
    expect(FlotillaError.is(error), `${what}: ${String(error)}`).toBe(true);
    const code = FlotillaError.is(error) ? error.code : "";
    expect(refusals, what).toContain(code);
    return code;
  }
  try {
    const stopped = node.closed.then((reason) => (reason.type === "failed" ? reason.error : undefined));
    const lost = await Promise.race([missing(node), stopped]);
    if (lost instanceof Error) {
      expect(FlotillaError.is(lost), `${what}: ${String(lost)}`).toBe(true);
      return "stopped";
    }
    expect(lost, what).toBeUndefined();
    return "opened";
  } finally {
    await node.close();
  }
}

describe("whose data it is", () => {
  test(
    "a second member in the same process is refused while the first is there, and the first goes on",
    async () => {
      await using first = await open(folder.path);
      await write(first, 0, 1);
      const error = await rejection(open(folder.path, { listen: "127.0.0.1:0" }));
      expect(error).toMatchObject({ code: "ERR_FLOTILLA_LOCKED" });
      await write(first, 1, 1);
      expect(await missing(first, 2)).toBeUndefined();
    },
    limitMs,
  );

  test(
    "a second process is refused with exit code 74 and a hint, and the first goes on",
    async () => {
      await using first = await open(folder.path);
      await write(first, 0, 1);
      const { code, stderr } = await served(folder.path);
      expect(stderr).toMatch(/another process or node uses .* \(ERR_FLOTILLA_LOCKED\)\nhint: /);
      expect(code).toBe(74);
      await write(first, 1, 1);
      expect(await missing(first, 2)).toBeUndefined();
    },
    limitMs,
  );

  test(
    "data of another member or another cluster is refused and not touched",
    async () => {
      await populated(folder.path);
      const others = [{ id: "n2", bootstrap: [{ id: "n2", address }] }, { cluster: "another" }];
      for (const more of others) {
        const error = await rejection(open(folder.path, more));
        expect(error).toMatchObject({ code: "ERR_FLOTILLA_FOREIGN" });
      }
      expect(await openedOrRefused(folder.path, "its own")).toBe("opened");
    },
    limitMs,
  );

  test(
    "the store of one member under the identity of another is refused",
    async () => {
      const [mine, theirs] = [join(folder.path, "mine"), join(folder.path, "theirs")];
      await populated(mine);
      await populated(theirs);
      await rm(join(mine, "log"), { recursive: true });
      await cp(join(theirs, "log"), join(mine, "log"), { recursive: true });
      expect(await rejection(open(mine))).toMatchObject({ code: "ERR_FLOTILLA_FOREIGN" });
    },
    limitMs,
  );

  test(
    "a port in use is refused before the data is touched",
    async () => {
      await using first = await open(join(folder.path, "first"));
      const dataDir = join(folder.path, "second");
      const error = await rejection(open(dataDir, { listen: first.address }));
      expect(error).toMatchObject({ code: "ERR_FLOTILLA_ADDRESS_IN_USE" });
      expect(await stat(dataDir).catch(() => undefined)).toBeUndefined();
    },
    limitMs,
  );

  test(
    "an address that is not of this machine is refused",
    async () => {
      const error = await rejection(open(folder.path, { listen: "192.0.2.1:4000" }));
      expect(error).toMatchObject({ code: "ERR_FLOTILLA_BAD_ADDRESS" });
    },
    limitMs,
  );

  test(
    "a file in the place of the directory, of the store or of a snapshot folder is refused",
    async () => {
      const dataDir = join(folder.path, "file");
      await writeFile(dataDir, "not a directory");
      expect(await rejection(open(dataDir))).toMatchObject({ code: "ERR_FLOTILLA_STORAGE" });
      const second = join(folder.path, "store");
      await mkdir(second);
      await writeFile(join(second, "log"), "not a store");
      expect(await rejection(open(second))).toMatchObject({ code: "ERR_FLOTILLA_STORAGE" });
      const third = join(folder.path, "marker");
      await mkdir(join(third, "identity"), { recursive: true });
      expect(await rejection(open(third))).toMatchObject({ code: "ERR_FLOTILLA_STORAGE" });
    },
    limitMs,
  );
});

describe("data that is less than it was", () => {
  test(
    "an emptied store is refused, also with the founders at hand",
    async () => {
      await populated(folder.path);
      await rm(join(folder.path, "log"), { recursive: true });
      for (const more of [
        {},
        {
          bootstrap: [
            { id: "n1", address },
            { id: "n2", address: "127.0.0.1:9" },
          ],
        },
      ]) {
        const error = await rejection(open(folder.path, more));
        expect(error).toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
        expect(String(error)).toMatch(/wiped/);
      }
    },
    limitMs,
  );

  test(
    "a store rolled back to an earlier copy is refused",
    async () => {
      const node = await open(folder.path);
      await write(node, 0, 5);
      await node.close();
      await cp(join(folder.path, "log"), join(folder.path, "earlier"), { recursive: true });
      const again = await open(folder.path);
      await write(again, 5, 5);
      await again.close();
      await rm(join(folder.path, "log"), { recursive: true });
      await cp(join(folder.path, "earlier"), join(folder.path, "log"), { recursive: true });
      const error = await rejection(open(folder.path));
      expect(error).toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
      expect(String(error)).toMatch(/batch \d+ was durable/);
    },
    limitMs,
  );

  test(
    "each file that is deleted is missed, or was not needed",
    async () => {
      const original = join(folder.path, "original");
      await populated(original);
      for (const name of await filesOf(original)) {
        const copy = join(folder.path, "copy");
        await cp(original, copy, { recursive: true });
        await unlink(join(copy, name));
        const outcome = await openedOrRefused(copy, `without ${name}`);
        if (/\.log$|\.ldb$|identity|high-water/.test(name))
          expect(outcome, name).toBe("ERR_FLOTILLA_DAMAGED");
        await rm(copy, { recursive: true });
      }
    },
    limitMs,
  );

  test(
    "each file that is cut short is missed, or was not needed",
    async () => {
      const original = join(folder.path, "original");
      await populated(original);
      for (const name of await filesOf(original)) {
        const { size } = await stat(join(original, name));
        for (const left of new Set([0, size >> 1, size - 1])) {
          if (left < 0 || left >= size) continue;
          const copy = join(folder.path, "copy");
          await cp(original, copy, { recursive: true });
          await truncate(join(copy, name), left);
          await openedOrRefused(copy, `${name} cut to ${left} of ${size}`);
          await rm(copy, { recursive: true });
        }
      }
    },
    limitMs,
  );

  test(
    "a flipped byte anywhere is found, or does not matter",
    async () => {
      const original = join(folder.path, "original");
      await populated(original);
      const found = new Set<string>();
      for (const name of await filesOf(original)) {
        const bytes = await readFile(join(original, name));
        for (const offset of offsets(bytes.length)) {
          const copy = join(folder.path, "copy");
          await cp(original, copy, { recursive: true });
          const flipped = Buffer.from(bytes);
          flipped[offset] = (flipped[offset] ?? 0) ^ (offset % 2 === 0 ? 0xff : 0x01);
          await writeFile(join(copy, name), flipped);
          found.add(await openedOrRefused(copy, `${name}, byte ${offset} of ${bytes.length}`));
          await rm(copy, { recursive: true });
        }
      }
      expect(found).toContain("ERR_FLOTILLA_DAMAGED");
    },
    limitMs,
  );

  test(
    "the binary stays up to say what is wrong with a damaged directory, and ends with 74 when told to",
    async () => {
      await populated(folder.path);
      const path = join(folder.path, "identity");
      const bytes = await readFile(path);
      bytes[5] = (bytes[5] ?? 0) ^ 0xff;
      await writeFile(path, bytes);
      await using server = new CommandLine(await serving(folder.path));
      await server.printed(/damaged: the identity file/);
      server.signal("SIGTERM");
      const { code, stderr } = await server.ended();
      expect(stderr).toMatch(/identity file .* \(ERR_FLOTILLA_DAMAGED\)\nhint: .*repair/);
      expect(code).toBe(74);
    },
    limitMs,
  );
});

/** All files below a folder but LevelDB's notes for people. */
async function filesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return names
    .map((name) => name.slice(root.length + 1))
    .filter((name) => !/LOG(\.old)?$|LOCK$/.test(name))
    .toSorted();
}

/** Places in a file: both ends and some in between. */
function offsets(size: number): number[] {
  const step = Math.max(1, Math.floor(size / 5));
  const found = new Set([0, size - 1]);
  for (let at = step >> 1; at < size; at += step) found.add(at);
  return [...found].filter((at) => at >= 0 && at < size);
}

/** What the shipped binary made of a directory. */
async function served(dataDir: string): Promise<Ran> {
  return flotilla(await serving(dataDir));
}

async function serving(dataDir: string): Promise<string[]> {
  const [port] = await freePorts(1);
  const flags = ["--id", "n1", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`, "--cluster", cluster];
  return ["serve", ...flags, "--bootstrap", `n1=${address}`];
}
