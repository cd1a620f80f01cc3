import { encodeCommand, Machine } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backupFormat, backupMagic } from "../../src/backup/backup-format.ts";
import { writeBackup } from "../../src/backup/backup-writer.ts";
import { openBackup } from "../../src/backup/open-backup.ts";

const session = "1".padStart(32, "0");

function at(index: number): { index: number; timeMs: number } {
  return { index, timeMs: 1_000 };
}

/** A machine with a session and a node of 300,000 bytes. */
function filled(): Machine {
  const machine = new Machine();
  const secret = new Uint8Array(16);
  machine.apply(encodeCommand({ type: "attach", session, secret, attach: 1, ttlMs: 9_000 }), at(1));
  const value = new Uint8Array(300_000).fill(7);
  const operation = { type: "put", path: "/a", value, if: {} } as const;
  machine.apply(encodeCommand({ type: "request", session, attach: 1, seq: 1, ack: 0, operation }), at(3));
  return machine;
}

const header = { cluster: "main", historyId: "f".repeat(32), term: 4, timeMs: 5_000 };

function piecesOf(machine: Machine, other: { readonly digest?: string } = {}): Uint8Array[] {
  const snapshot = machine.snapshot();
  const { index, digest, nodes, leases, sessions } = snapshot;
  const { revision, featureLevel } = machine;
  const facts = { ...header, index, revision, featureLevel, digest, nodes, leases, sessions, ...other };
  return [...writeBackup(facts, snapshot.chunks())];
}

async function* inOrder(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await openBackup(inOrder([bytes]));
    return "opened";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

const whole = new Uint8Array(Buffer.concat(piecesOf(filled())));

test("a backup is made in pieces of about 256 KiB, and gives the state back, however it is cut", async () => {
  const machine = filled();
  const pieces = piecesOf(machine);
  expect(pieces.length).toBe(2);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(350_000);
  for (const size of [whole.length, 65_536, 1_000]) {
    const cut: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) cut.push(whole.slice(at, at + size));
    const backup = await openBackup(inOrder(cut));
    expect(backup.machine.digest()).toBe(machine.digest());
    expect(backup.facts).toEqual({
      ...header,
      format: backupFormat,
      bytes: whole.length,
      index: 3,
      revision: 1,
      featureLevel: 1,
      nodes: 2,
      leases: 1,
      sessions: 1,
      digest: machine.digest(),
    });
    expect([...backup.nodes("/")].map(({ path }) => path)).toEqual(["/", "/a"]);
    expect([...backup.nodes("/none")]).toEqual([]);
  }
});

describe("bytes that are no backup are refused", () => {
  test("wherever a byte differs", async () => {
    const edit = fc.tuple(
      fc.oneof(
        fc.nat(400),
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 60 }).map((n) => -n),
      ),
      fc.integer({ min: 1, max: 255 }),
    );
    await fc.assert(
      fc.asyncProperty(edit, async ([at, mask]) => {
        const other = whole.slice();
        const index = at < 0 ? other.length + at : at;
        other[index] = (other[index] ?? 0) ^ mask;
        expect(["ERR_FLOTILLA_DAMAGED", "ERR_FLOTILLA_UNSUPPORTED"]).toContain(await codeOf(other));
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test("wherever they are cut, and when something follows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(400), fc.nat(whole.length - 1)), async (length) => {
        expect(await codeOf(whole.slice(0, length))).toBe("ERR_FLOTILLA_DAMAGED");
      }),
      { numRuns: 60 },
    );
    expect(await codeOf(new Uint8Array([...whole, 0]))).toBe("ERR_FLOTILLA_DAMAGED");
    expect(await codeOf(new Uint8Array(Buffer.concat([whole, whole])))).toBe("ERR_FLOTILLA_DAMAGED");
  }, 60_000);

  test("of another format version, by its number", async () => {
    for (const format of [0, backupFormat + 1]) {
      const other = whole.slice();
      other[backupMagic.length] = format;
      expect(await codeOf(other)).toBe("ERR_FLOTILLA_UNSUPPORTED");
    }
  });

  test("when they say something else than is in them", async () => {
    const lying = Buffer.concat(piecesOf(filled(), { digest: "0".repeat(16) }));
    expect(await codeOf(new Uint8Array(lying))).toBe("ERR_FLOTILLA_DAMAGED");
  });
});
