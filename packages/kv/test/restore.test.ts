import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode, FlotillaError } from "@flotilla/runtime";
import { encodeCommand, Machine } from "../src/index.ts";
import type { MachineRestore } from "../src/index.ts";
import { ByteQueue } from "@flotilla/runtime";
import { frameHeader, frameHeaderBytes, frameKind, magic } from "../src/snapshot-format.ts";
import { create, Driver, dump, idOf, join } from "./support.ts";

function filled(nodes: number): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  driver.send(1, create("/a", { value: new Uint8Array(100_000).fill(7) }));
  driver.send(1, create("/a/e", { lease: idOf(1), guarded: true }));
  for (let k = 0; k < nodes; k += 1) driver.send(1, create(`/a/${k}`, { value: Uint8Array.of(k) }));
  driver.send(2, { type: "grant", lease: idOf(5), ttlMs: 5_000 });
  driver.send(2, create("/none/x"));
  return driver;
}

function drain(restore: MachineRestore): number {
  let steps = 0;
  while (restore.work()) steps += 1;
  return steps;
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}

/** The start of a snapshot and its frames. */
function partsOf(bytes: Uint8Array): Uint8Array[] {
  const parts = [bytes.subarray(0, magic.length + 1)];
  for (let at = magic.length + 1; at < bytes.length;) {
    const length = frameHeaderBytes + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

describe("a restore in slices", () => {
  const source = filled(1_000).machine;
  const bytes = join(source.snapshot().chunks());

  test("takes bytes however they are cut, and does as little at a time as is asked", () => {
    const expected = dump(source);
    const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.nat(5), (lengths, stepsBetween) => {
        const machine = new Machine();
        const restore = machine.beginRestore();
        for (let at = 0, k = 0; at < bytes.length; k += 1) {
          const length = lengths[k % lengths.length] ?? 1;
          restore.write(bytes.slice(at, at + length));
          for (let step = 0; step < stepsBetween; step += 1) restore.work();
          at += length;
        }
        drain(restore);
        restore.prove();
        expect(machine.nodes).toBe(1);
        restore.replace();
        expect(dump(machine)).toEqual(expected);
        expect(machine.digest()).toBe(source.digest());
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  test("hands over a frame a step, and at most 512 items of it", () => {
    const [start = new Uint8Array(0), header = new Uint8Array(0), ...frames] = partsOf(bytes);
    const kept = frames.map((frame) => decode(frame.subarray(frameHeaderBytes)) as [number, unknown[]]);
    const nodes = kept.filter(([kind]) => kind === frameKind.nodes).flatMap(([, body]) => body);
    const others = frames.filter((_, k) => kept[k]?.[0] !== frameKind.nodes);
    const payload = encode([frameKind.nodes, nodes]);
    const restore = new Machine().beginRestore();
    restore.write(join([start, header, frameHeader(payload), payload, ...others]));
    expect(nodes.length).toBeGreaterThan(1_000);
    expect(drain(restore)).toBe(1 + Math.ceil(nodes.length / 512) + others.length);
    restore.prove();
  });

  test("goes on beside commands, and replaces whatever the state has become", () => {
    const driver = filled(3);
    const { machine } = driver;
    const restore = machine.beginRestore();
    restore.write(bytes);
    for (let k = 0; restore.work(); k += 1) driver.send(2, create(`/beside-${k}`));
    expect(machine.get("/beside-0")).not.toBeNull();
    const before = dump(machine);
    restore.prove();
    expect(dump(machine)).toEqual(before);
    restore.replace();
    expect(dump(machine)).toEqual(dump(source));
    const point = { index: machine.lastIndex + 1, timeMs: 1 };
    machine.apply(encodeCommand({ type: "expire", leases: [idOf(1)] }), point);
    expect(machine.get("/a/e")).toBeNull();
  });

  test("that is left changes nothing, and another one begins anew", () => {
    const { machine } = filled(3);
    const before = [dump(machine), machine.digest(), machine.history.size];
    const left = machine.beginRestore();
    left.write(bytes.subarray(0, 100_000));
    drain(left);
    const restore = machine.beginRestore();
    restore.write(bytes);
    drain(restore);
    restore.prove();
    expect([dump(machine), machine.digest(), machine.history.size]).toEqual(before);
    restore.replace();
    expect(machine.digest()).toBe(source.digest());
  });

  test("refuses a wrong byte before the rest has come, and goes on with nothing after that", () => {
    const { machine } = filled(3);
    const before = dump(machine);
    const damaged = join(partsOf(bytes).slice(0, 3));
    const last = damaged.length - 1;
    damaged[last] = (damaged[last] ?? 0) ^ 1;
    const restore = machine.beginRestore();
    restore.write(damaged);
    expect(codeOf(() => drain(restore))).toBe("ERR_FLOTILLA_DAMAGED");
    restore.write(bytes.slice(damaged.length));
    expect(codeOf(() => restore.work())).toBe("ERR_FLOTILLA_DAMAGED");
    expect(codeOf(() => restore.prove())).toBe("ERR_FLOTILLA_DAMAGED");
    expect(codeOf(() => restore.replace())).toBe("ERR_FLOTILLA_INTERNAL");
    expect(dump(machine)).toEqual(before);
  });

  test("is not proved before everything was worked through", () => {
    for (const length of [0, 3, bytes.length - 1, bytes.length]) {
      const restore = new Machine().beginRestore();
      restore.write(bytes.slice(0, length));
      restore.work();
      expect(codeOf(() => restore.prove())).toBe("ERR_FLOTILLA_DAMAGED");
    }
  });

  test("refuses frames in another order", () => {
    const parts = partsOf(bytes);
    for (let at = 1; at + 1 < parts.length; at += 1) {
      const other = parts.toSpliced(at, 2, ...parts.slice(at, at + 2).toReversed());
      expect(codeOf(() => new Machine().restore(join(other)))).toBe("ERR_FLOTILLA_DAMAGED");
    }
  });
});

test("a queue of bytes gives what was put in, in order, in pieces of any length", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(12)), (put, lengths) => {
      const queue = new ByteQueue();
      const all = join(put);
      for (const piece of put) queue.push(piece);
      let at = 0;
      for (const length of lengths) {
        const expected = at + length > all.length ? null : all.slice(at, at + length);
        expect(queue.peek(length)?.slice() ?? null).toEqual(expected);
        expect(queue.take(length)?.slice() ?? null).toEqual(expected);
        if (expected !== null) at += length;
        expect(queue.length).toBe(all.length - at);
      }
    }),
  );
});
