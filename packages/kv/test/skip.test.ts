import { encode } from "@flotilla/runtime";
import { miscounted, misshapen } from "@flotilla/runtime/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCommand, decodeResult, encodeCommand, limits, Machine } from "../src/index.ts";
import type { Applied, KvCommand, Result } from "../src/index.ts";
import { packedCommand } from "./packed.ts";
import { Driver, idOf, secretOf } from "./support.ts";

const timeMs = 1_700_000_000_000;

function put(seq: number, path: string, attach = 1): KvCommand {
  const value = new Uint8Array(3);
  const operation = { type: "put", path, value, if: {} } as const;
  return { type: "request", session: idOf(1), attach, seq, ack: 0, operation };
}

const opening: KvCommand = {
  type: "attach",
  session: idOf(1),
  secret: secretOf(1),
  attach: 1,
  ttlMs: 10_000,
};

function resultOf(applied: Applied): Result {
  if (applied.type !== "answered") throw new Error(`not answered: ${applied.type}`);
  return decodeResult(applied.result);
}

function bytesOf(machine: Machine): Buffer {
  return Buffer.concat([...machine.snapshot().chunks()]);
}

/** Some replicas of one log. */
class Replicas {
  readonly all: readonly Machine[] = [new Machine(), new Machine()];
  #index = 0;

  /** What all of them answer alike. */
  apply(command: KvCommand): Applied {
    return this.#each((machine, at) => machine.apply(encodeCommand(command).slice(), at));
  }

  skip(payload: Uint8Array): Applied {
    return this.#each((machine, at) => machine.skip(payload, at));
  }

  #each(run: (machine: Machine, at: { index: number; timeMs: number }) => Applied): Applied {
    this.#index += 1;
    const index = this.#index;
    const [first, second] = this.all.map((machine) => run(machine, { index, timeMs }));
    expect(second).toEqual(first);
    return first!;
  }
}

describe("an entry that is passed over", () => {
  test("uses up the request's turn with an error, and changes nothing else", () => {
    const replicas = new Replicas();
    const [machine] = replicas.all;
    replicas.apply(opening);
    replicas.apply(put(1, "/a"));
    const before = machine!.digest();
    const skipped = replicas.skip(encodeCommand(put(2, "/b")).slice());
    expect(resultOf(skipped)).toEqual({
      ok: false,
      revision: 1,
      code: "ERR_FLOTILLA_SKIPPED",
      failed: null,
    });
    expect(machine!.exists("/b")).toBeNull();
    expect(machine!.takeEvents()).toEqual([]);
    expect(machine!.digest()).not.toBe(before);
    expect(new Set(replicas.all.map((each) => each.digest())).size).toBe(1);
    // A repeat is answered from the window, the next request goes on.
    const repeat = replicas.apply(put(2, "/b"));
    expect(repeat).toMatchObject({ type: "answered", repeat: true });
    expect(resultOf(repeat)).toEqual(resultOf(skipped));
    expect(resultOf(replicas.apply(put(3, "/c")))).toMatchObject({ ok: true, revision: 2 });
  });

  test("is part of snapshots", () => {
    const replicas = new Replicas();
    const [machine] = replicas.all;
    replicas.apply(opening);
    replicas.skip(encodeCommand(put(1, "/a")).slice());
    const restored = new Machine();
    restored.restore(bytesOf(machine!));
    expect(restored.digest()).toBe(machine!.digest());
    expect(restored.applied).toBe(machine!.applied);
    expect(restored.session(idOf(1))?.lastSeq).toBe(1);
    expect(bytesOf(restored).equals(bytesOf(machine!))).toBe(true);
  });

  test("has no effect at all when it is no request, or nothing that can be read", () => {
    const replicas = new Replicas();
    const [machine] = replicas.all;
    replicas.apply(opening);
    const before = machine!.digest();
    for (const payload of [
      Uint8Array.of(0xff, 0x00),
      new Uint8Array(0),
      encodeCommand({ ...opening, attach: 2 }).slice(),
      encodeCommand({ type: "expire", leases: [idOf(1)] }).slice(),
    ]) {
      expect(replicas.skip(payload)).toEqual({ type: "skipped" });
      expect(machine!.digest()).toBe(before);
    }
    expect(machine!.applied).toBe(5);
    expect(machine!.session(idOf(1))?.attach).toBe(1);
  });

  test("is refused like any request whose turn it is not", () => {
    const replicas = new Replicas();
    replicas.apply(opening);
    replicas.apply(put(1, "/a"));
    expect(replicas.skip(encodeCommand(put(3, "/b")).slice())).toMatchObject({ type: "refused", why: "gap" });
    expect(replicas.skip(encodeCommand(put(2, "/b", 2)).slice())).toMatchObject({
      type: "refused",
      why: "moved",
    });
    expect(replicas.skip(encodeCommand(put(1, "/a")).slice())).toMatchObject({
      type: "answered",
      repeat: true,
    });
    expect(replicas.all[0]!.session(idOf(1))?.lastSeq).toBe(1);
  });

  test("must come in the order of the log", () => {
    const machine = new Machine();
    machine.skip(new Uint8Array(0), { index: 5, timeMs });
    expect(() => machine.skip(new Uint8Array(0), { index: 5, timeMs })).toThrow(/ApplyOrder/);
    expect(machine.lastIndex).toBe(5);
  });
});

describe("another history", () => {
  test("goes on at a higher revision, keeps tree and sessions, and makes every older token a gap", () => {
    const driver = new Driver();
    driver.open(1);
    driver.apply(put(1, "/a"));
    const { machine } = driver;
    const old = machine.token;
    const before = machine.digest();
    expect(driver.apply({ type: "begin-history", revision: 2_000_000 })).toEqual({ type: "history-begun" });
    expect(machine.revision).toBe(2_000_000);
    expect(machine.digest()).not.toBe(before);
    expect(machine.history.since(old)).toBe("gap");
    expect(machine.history.since(machine.token)).toEqual([]);
    expect(resultOf(driver.apply(put(2, "/b")))).toMatchObject({ ok: true, revision: 2_000_001 });
    expect(machine.history.since({ revision: 2_000_000, ordinal: 0 })).toHaveLength(1);
    const restored = new Machine();
    restored.restore(bytesOf(machine));
    expect(restored.digest()).toBe(machine.digest());
    expect(restored.exists("/a")).not.toBeNull();
  });

  test("never goes back", () => {
    const driver = new Driver();
    driver.open(1);
    driver.apply({ type: "begin-history", revision: 2_000_000 });
    driver.apply({ type: "begin-history", revision: 7 });
    expect(driver.machine.revision).toBe(2_000_000 + 2 ** 20);
    expect(driver.machine.history.since({ revision: 2_000_000, ordinal: 0 })).toBe("gap");
  });

  test("travels as it was said, and in no other shape", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: limits.firstRevision }), (revision) => {
        const command = { type: "begin-history", revision } as const;
        const packed = packedCommand(command);
        expect(decodeCommand(encodeCommand(command))).toEqual(command);
        expect(Buffer.compare(encodeCommand(command), encode(packed))).toBe(0);
        for (const bytes of [...[...misshapen(packed)].map(encode), ...miscounted(packed)])
          expect(() => decodeCommand(bytes)).toThrow(
            expect.objectContaining({ code: "ERR_FLOTILLA_BAD_FRAME" }),
          );
      }),
    );
    expect(() => encodeCommand({ type: "begin-history", revision: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
  });
});
