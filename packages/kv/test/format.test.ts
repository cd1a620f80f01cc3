import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { decodeCommand, encodeCommand, Machine, newestLevel } from "../src/index.ts";
import { magic, snapshotFormat } from "../src/snapshot-format.ts";
import { samples } from "./format-samples.ts";
import { dump, join as joined } from "./support.ts";

/*
 * What the formats of this version look like, as bytes in the tree: see the README for what to do when a test fails here.
 */

const folder = join(import.meta.dirname, "fixtures");
const commandsFile = join(folder, `commands-level-${newestLevel}.txt`);
const snapshotFile = join(folder, `snapshot-format-${snapshotFormat}.txt`);
const lineChars = 100;

function codeOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}

/** The machine that all samples make. */
function filled(): Machine {
  const machine = new Machine();
  for (const [position, [, command]] of samples.entries())
    machine.apply(encodeCommand(command), { index: position + 1, timeMs: 1_700_000_000_000 + position });
  return machine;
}

function bytesOf(machine: Machine): Uint8Array {
  return joined(machine.snapshot().chunks());
}

function inLines(hex: string): string {
  return (hex.match(new RegExp(`.{1,${lineChars}}`, "g")) ?? []).join("\n");
}

/** The digest, and the bytes as hex. */
function snapshotText(machine: Machine): string {
  return `${machine.digest()}\n\n${inLines(Buffer.from(bytesOf(machine)).toString("hex"))}\n`;
}

function readSnapshot(): { readonly digest: string; readonly bytes: Uint8Array } {
  const [digest = "", ...lines] = readFileSync(snapshotFile, "utf8").split("\n");
  return { digest, bytes: new Uint8Array(Buffer.from(lines.join(""), "hex")) };
}

function readCommands(): [name: string, bytes: Uint8Array][] {
  const lines = readFileSync(commandsFile, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [name = "", hex = ""] = line.split(": ");
    return [name, new Uint8Array(Buffer.from(hex, "hex"))];
  });
}

test("commands are written as the bytes in the tree: other ones need a higher feature level", async () => {
  const lines = samples.map(
    ([name, command]) => `${name}: ${Buffer.from(encodeCommand(command)).toString("hex")}`,
  );
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(commandsFile);
});

test("a snapshot is written as the bytes in the tree: other ones, or another digest, need a higher format", async () => {
  await expect(snapshotText(filled())).toMatchFileSnapshot(snapshotFile);
});

test("the commands in the tree are read as what they were written for", () => {
  const read = readCommands();
  expect(read.map(([name]) => name)).toEqual(samples.map(([name]) => name));
  for (const [position, [, bytes]] of read.entries()) {
    const command = decodeCommand(bytes);
    expect(encodeCommand(command)).toEqual(encodeCommand(samples[position]?.[1] ?? command));
  }
});

test("the snapshot in the tree is read as the state that the commands in the tree make", () => {
  const { digest, bytes } = readSnapshot();
  const restored = new Machine();
  restored.restore(bytes);
  const replayed = new Machine();
  for (const [position, [, payload]] of readCommands().entries())
    replayed.apply(payload, { index: position + 1, timeMs: 1_700_000_000_000 + position });
  expect(restored.digest()).toBe(digest);
  expect(replayed.digest()).toBe(digest);
  expect(dump(restored)).toEqual(dump(replayed));
});

describe("what another version wrote is refused by its number, and changes nothing", () => {
  test.each([1, snapshotFormat - 1, snapshotFormat + 1, 255])("a snapshot of format %d", (format) => {
    const { bytes } = readSnapshot();
    bytes[magic.length] = format;
    const machine = filled();
    const before = machine.digest();
    expect(codeOf(() => machine.restore(bytes))).toBe("ERR_FLOTILLA_UNSUPPORTED");
    expect(machine.digest()).toBe(before);
  });

  test("commands of a higher feature level, each of them", () => {
    const machine = new Machine();
    const before = machine.digest();
    for (const [, bytes] of readCommands()) {
      expect(bytes[1]).toBe(newestLevel);
      bytes[1] = newestLevel + 1;
      expect(codeOf(() => machine.apply(bytes, { index: 1, timeMs: 1 }))).toBe("ERR_FLOTILLA_UNSUPPORTED");
    }
    expect([machine.digest(), machine.applied]).toEqual([before, 0]);
  });
});

test("the samples hold every kind of command and something of everything that a snapshot may hold", () => {
  const kinds = new Set(samples.map(([, { type }]) => type));
  expect(kinds.size).toBe(8);
  const machine = filled();
  const facts = [machine.nodes > 3, machine.leases().length, machine.sessions().length];
  expect(facts).toEqual([true, 2, 1]);
  expect(machine.pendingResults(machine.sessions()[0]?.id ?? "", 0).length).toBeGreaterThan(4);
});
