import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode, FlotillaError } from "@flotilla/runtime";
import { encodeCommand, limits, Machine } from "../src/index.ts";
import type { KvCommand } from "../src/index.ts";
import { frameHeader, frameHeaderBytes, frameKind, magic, snapshotFormat } from "../src/snapshot-format.ts";
import { makeCommand, run } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { allOf, create, Driver, dump, idOf, join, plainEvents } from "./support.ts";

function filled(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  driver.send(1, create("/a", { value: new Uint8Array(300_000).fill(7) }));
  driver.send(1, create("/a/e", { lease: idOf(1), guarded: true }));
  driver.send(2, { type: "grant", lease: idOf(5), ttlMs: 5_000 });
  driver.request(2, 2, create("/a/s-", { lease: idOf(5), sequential: true }));
  driver.request(2, 3, create("/none/x"));
  return driver;
}

function restored(bytes: Uint8Array): Machine {
  const machine = new Machine();
  machine.restore(bytes);
  return machine;
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}

/** The same snapshot with every frame edited and sealed again. */
function rebuilt(bytes: Uint8Array, edit: (kind: number, body: unknown[]) => unknown): Uint8Array {
  const start = magic.length + 1;
  const parts: Uint8Array[] = [bytes.slice(0, start)];
  for (let at = start; at < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    const from = at + frameHeaderBytes;
    const [kind, body] = decode(bytes.slice(from, from + length)) as [number, unknown[]];
    edit(kind, body);
    const payload = encode([kind, body]);
    parts.push(frameHeader(payload), payload);
    at = from + length;
  }
  return join(parts);
}

test("a snapshot comes in slices of 64 KiB, the same every time and on every replica", () => {
  const { machine } = filled();
  const snapshot = machine.snapshot();
  const slices = [...snapshot.chunks()];
  expect(slices.map(({ length }) => length).slice(0, -1)).toEqual(Array.from({ length: 4 }, () => 65_536));
  const bytes = join(slices);
  for (const again of [snapshot, filled().machine.snapshot(), restored(bytes).snapshot()]) {
    expect(Buffer.compare(join(again.chunks()), bytes)).toBe(0);
  }
});

test("snapshots that are written in turns, and lent slices, are the same bytes", () => {
  const driver = filled();
  const first = driver.machine.snapshot();
  for (let k = 0; k < 3_000; k += 1)
    driver.send(1, create(`/n${k}`, { value: new Uint8Array(k % 500).fill(k) }));
  const second = driver.machine.snapshot();
  const expected = [first, second].map((snapshot) => join(snapshot.chunks()));
  const written: Uint8Array[][] = [[], []];
  const turns = [first.lend(), second.lend()];
  for (let done = 0; done < turns.length;) {
    done = 0;
    for (const [at, slices] of turns.entries()) {
      const next = slices.next();
      if (next.done === true) done += 1;
      else written[at]?.push(next.value.slice());
    }
  }
  expect(
    written.map((slices) =>
      Buffer.compare(join(slices), expected[written.indexOf(slices)] ?? new Uint8Array(0)),
    ),
  ).toEqual([0, 0]);
  const slices = [...first.chunks()];
  expect(new Set(slices.map(({ buffer }) => buffer)).size).toBe(slices.length);
});

test("a restored machine shows the same state and goes on alike", () => {
  const driver = filled();
  const { machine } = driver;
  const other = restored(join(machine.snapshot().chunks()));
  expect(dump(other)).toEqual(dump(machine));
  expect(other.digest()).toBe(machine.digest());
  expect([other.applied, other.lastIndex, other.token]).toEqual([
    machine.applied,
    machine.lastIndex,
    machine.token,
  ]);
  const commands: KvCommand[] = [
    { type: "request", session: idOf(2), attach: 1, seq: 3, ack: 0, operation: create("/none/x") },
    { type: "expire", leases: [idOf(1), idOf(5)] },
  ];
  for (const [at, command] of commands.entries()) {
    const point = { index: machine.lastIndex + 1, timeMs: 5 + at };
    const [ours, theirs] = [machine, other].map((each) => each.apply(encodeCommand(command), point));
    expect(theirs).toEqual(ours);
    if (ours?.type === "answered" && theirs?.type === "answered") expect(theirs.result).toEqual(ours.result);
    expect(plainEvents(other.takeEvents())).toEqual(plainEvents(machine.takeEvents()));
  }
  expect(other.digest()).toBe(machine.digest());
  expect(allOf(other).map(({ path }) => path)).toEqual(["/", "/a"]);
});

test("history starts at the restored revision: older tokens are a gap", () => {
  const driver = filled();
  driver.send(1, { type: "multi", ops: [create("/x"), create("/y")] });
  const { machine } = driver;
  const other = restored(join(machine.snapshot().chunks()));
  const { revision, ordinal } = machine.token;
  expect(ordinal).toBe(1);
  expect(other.history.since({ revision, ordinal: 0 })).toBe("gap");
  expect(other.history.since({ revision, ordinal })).toEqual([]);
  expect(other.history.since({ revision: revision + 5, ordinal: 0 })).toEqual([]);
  const command: KvCommand = { type: "expire", leases: [idOf(1)] };
  other.apply(encodeCommand(command), { index: other.lastIndex + 1, timeMs: 0 });
  expect(other.history.since({ revision, ordinal })).toMatchObject([{ type: "deleted", path: "/a/e" }]);
});

test("a snapshot still shows its moment after everything has changed", () => {
  const driver = filled();
  const snapshot = driver.machine.snapshot();
  const expected = dump(driver.machine);
  const digest = driver.machine.digest();
  const chunks = snapshot.chunks();
  const first = chunks.next();
  driver.request(2, 4, create("/later"), 3);
  driver.open(2, null, 2);
  driver.send(1, { type: "close" });
  const other = restored(join([...(first.value === undefined ? [] : [first.value]), ...chunks]));
  expect(dump(other)).toEqual(expected);
  expect(other.digest()).toBe(digest);
  expect(driver.machine.digest()).not.toBe(digest);
});

test("a window that was full stays full", () => {
  const driver = new Driver();
  driver.open(1);
  const check = { type: "check", path: "/", if: { exists: true } } as const;
  for (let seq = 1; seq <= limits.windowRequests; seq += 1) driver.request(1, seq, check);
  const other = restored(join(driver.machine.snapshot().chunks()));
  expect(dump(other)).toEqual(dump(driver.machine));
});

describe("bytes that are no snapshot", () => {
  const bytes = join(filled().machine.snapshot().chunks());

  function expectUnchanged(damagedBytes: Uint8Array, codes: readonly string[]): void {
    const driver = filled();
    const before = [driver.machine.digest(), driver.machine.token, driver.machine.history.size];
    expect(codes).toContain(codeOf(() => driver.machine.restore(damagedBytes)));
    expect([driver.machine.digest(), driver.machine.token, driver.machine.history.size]).toEqual(before);
  }

  test("are refused with a typed error and change nothing, wherever a byte differs", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damagedBytes = bytes.slice();
        damagedBytes[at] = (damagedBytes[at] ?? 0) ^ flip;
        expectUnchanged(damagedBytes, ["ERR_FLOTILLA_DAMAGED", "ERR_FLOTILLA_UNSUPPORTED"]);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  test("are refused wherever they are cut, and when something follows", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expectUnchanged(bytes.slice(0, length), ["ERR_FLOTILLA_DAMAGED"]);
      }),
      { numRuns: 60 },
    );
    expectUnchanged(join([bytes, Uint8Array.of(0)]), ["ERR_FLOTILLA_DAMAGED"]);
    expectUnchanged(join([bytes, bytes]), ["ERR_FLOTILLA_DAMAGED"]);
  }, 120_000);

  test("are refused when the parts are sound but do not belong together", () => {
    type Edit = (kind: number, body: unknown[]) => unknown;
    const edits: Edit[] = [
      (kind, body) => kind === frameKind.header && (body[9] = "0".repeat(16)),
      (kind, body) => kind === frameKind.header && (body[2] = 1),
      (kind, body) => kind === frameKind.header && (body[3] = 1),
      (kind, body) => kind === frameKind.header && (body[6] = 2),
      (kind, body) => kind === frameKind.header && (body[0] = 0),
      (kind, body) => kind === frameKind.header && (body[1] = 1),
      (kind, body) => kind === frameKind.nodes && body.shift(),
      (kind, body) => kind === frameKind.nodes && body.pop(),
      (kind, body) => kind === frameKind.nodes && body.push(body.shift()),
      (kind, body) => kind === frameKind.leases && body.pop(),
      (kind, body) => kind === frameKind.leases && body.shift(),
      (kind, body) => kind === frameKind.session && (body[3] = 9),
      (kind, body) => kind === frameKind.session && (body[5] = 9),
      (kind, body) => kind === frameKind.results && body.pop(),
      (kind, body) => kind === frameKind.results && body.push(new Uint8Array(3)),
    ];
    expectUnchanged(rebuilt(bytes, () => null).slice(0, -1), ["ERR_FLOTILLA_DAMAGED"]);
    expect(
      Buffer.compare(
        rebuilt(bytes, () => null),
        bytes,
      ),
    ).toBe(0);
    for (const edit of edits) expectUnchanged(rebuilt(bytes, edit), ["ERR_FLOTILLA_DAMAGED"]);
  });

  test.each([frameKind.results, frameKind.results + 1])(
    "are refused when a frame with nothing in it follows: of kind %d",
    (kind) => {
      const payload = encode([kind, []]);
      expectUnchanged(join([bytes, frameHeader(payload), payload]), ["ERR_FLOTILLA_DAMAGED"]);
    },
  );

  test("of another format version are told apart", () => {
    for (const version of [0, snapshotFormat - 1, snapshotFormat + 1]) {
      const other = bytes.slice();
      other[magic.length] = version;
      expectUnchanged(other, ["ERR_FLOTILLA_UNSUPPORTED"]);
    }
  });
});

test("the digest tells states apart that differ in any one thing", () => {
  const value = new Uint8Array([1]);
  const changes: ((driver: Driver) => unknown)[] = [
    () => null,
    (driver) => driver.send(1, create("/b")),
    (driver) => driver.send(1, create("/b", { value })),
    (driver) => driver.send(1, create("/b", { value: new Uint8Array(100) })),
    (driver) => driver.send(1, create("/b", { value: new Uint8Array(100).fill(1) })),
    (driver) => driver.send(1, create("/c")),
    (driver) => driver.send(1, create("/b", { lease: idOf(1) })),
    (driver) => driver.send(1, create("/b", { lease: idOf(1), guarded: true })),
    (driver) => driver.send(1, { type: "grant", lease: idOf(9), ttlMs: 1_000 }),
    (driver) => driver.send(1, { type: "grant", lease: idOf(9), ttlMs: 1_001 }),
    (driver) => driver.send(1, create("/none/x")),
    (driver) => driver.request(1, 3, create("/none/x"), 1),
    (driver) => driver.open(1, null, 2),
    (driver) => driver.open(1, null, 3),
    (driver) => driver.open(3),
    (driver) => driver.open(3, 9_999),
    (driver) => driver.expire(idOf(2)),
    (driver) => {
      driver.timeMs += 1;
      return driver.send(1, create("/b"));
    },
  ];
  const digests = changes.map((change) => {
    const driver = filled();
    change(driver);
    return driver.machine.digest();
  });
  expect(new Set(digests).size).toBe(changes.length);
});

test("the digest does not depend on the way that led to a state", () => {
  fc.assert(
    fc.property(run(60), (steps) => {
      const golden = new GoldenModel();
      const machine = new Machine();
      let index = 0;
      for (const next of steps) {
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        index += 1;
        golden.apply(command, index);
        machine.apply(encodeCommand(command), { index, timeMs: index });
      }
      // Restoring adds up the digest anew, in sorted order.
      expect(restored(join(machine.snapshot().chunks())).digest()).toBe(machine.digest());
    }),
    { numRuns: 100 },
  );
}, 120_000);
