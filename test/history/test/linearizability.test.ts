import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkText } from "../src/check-file.ts";
import { checkLinearizability } from "../src/index.ts";
import type { OpRecord, OpType } from "../src/index.ts";
import { bruteForceLinearizable } from "./_support/brute-force.ts";
import {
  duplicatedVersion,
  fallingZxid,
  lostUpdate,
  reorderedReads,
  scramble,
  staleRead,
} from "./_support/damage.ts";
import { generate } from "./_support/generate.ts";
import type { GenerateOptions } from "./_support/generate.ts";

const allTypes: readonly OpType[] = ["get", "get", "exists", "create", "set", "cas", "delete"];
const noDeletes: readonly OpType[] = ["get", "get", "create", "set", "cas", "cas"];

const medium: GenerateOptions = {
  seed: 1,
  clients: 10,
  ops: 2000,
  paths: 3,
  unknownRate: 0.01,
  zxidRate: 1,
  detailRate: 1,
  types: noDeletes,
  spanNs: 100,
};

const small: fc.Arbitrary<GenerateOptions> = fc.record({
  seed: fc.integer(),
  clients: fc.integer({ min: 2, max: 4 }),
  ops: fc.integer({ min: 3, max: 8 }),
  paths: fc.integer({ min: 1, max: 2 }),
  unknownRate: fc.constantFrom(0, 0.1, 0.3),
  zxidRate: fc.constantFrom(0, 0.5, 1),
  detailRate: fc.constantFrom(0, 0.5, 1),
  types: fc.constantFrom(allTypes, noDeletes),
  spanNs: fc.constantFrom(2, 10, 40),
});

function verdict(records: readonly OpRecord[]): string {
  return checkLinearizability(records).verdict;
}

describe("against trying every order", () => {
  test("histories made by a real register are linearizable to both", () => {
    fc.assert(
      fc.property(small, (options) => {
        const records = generate(options);
        expect(verdict(records)).toBe("linearizable");
        expect(bruteForceLinearizable(records)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("damaged histories get the same verdict", () => {
    const seen = { linearizable: 0, "not-linearizable": 0 };
    fc.assert(
      fc.property(small, fc.integer(), (options, seed) => {
        const records = scramble(generate(options), seed);
        const expected = bruteForceLinearizable(records) ? "linearizable" : "not-linearizable";
        seen[expected]++;
        expect(verdict(records)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.linearizable, seen["not-linearizable"])).toBeGreaterThan(200);
  });
});

test("damaged files of histories get the same verdict, however many of their lines are damaged", () => {
  const seen = { linearizable: 0, NOT: 0 };
  fc.assert(
    fc.property(small, fc.integer(), fc.integer({ min: 0, max: 3 }), (options, seed, damages) => {
      let records = generate({ ...options, clients: 5, ops: 9 });
      for (let k = 0; k < damages; k += 1) records = scramble(records, seed + k);
      const expected = bruteForceLinearizable(records) ? "linearizable" : "NOT";
      seen[expected] += 1;
      const { line } = checkText(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
      expect(line.split(" ")[0]).toBe(expected);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.linearizable, seen.NOT)).toBeGreaterThan(200);
});

test("intervals are closed: what begins at the instant at which another ends may come before it", () => {
  const create = { type: "create", path: "/a", value: "x" } as const;
  const written: OpRecord = {
    id: 0,
    client: 0,
    op: create,
    invoke_ns: 0,
    return_ns: 10,
    outcome: "ok",
    result: null,
  };
  const read: OpRecord = {
    id: 1,
    client: 1,
    op: { type: "get", path: "/a" },
    invoke_ns: 10,
    return_ns: 20,
    outcome: "fail",
    result: { error: "NO_NODE" },
  };
  for (const [invoke_ns, expected] of [
    [10, "linearizable"],
    [11, "not-linearizable"],
  ] as const) {
    const records = [written, { ...read, invoke_ns }];
    expect(verdict(records)).toBe(expected);
    expect(bruteForceLinearizable(records)).toBe(expected === "linearizable");
  }
});

describe("planted damage in a long history", () => {
  test.each([
    ["stale read", staleRead],
    ["lost update", lostUpdate],
    ["duplicated version", duplicatedVersion],
    ["reordered reads", reorderedReads],
    ["falling zxid", fallingZxid],
  ])("%s is found, and named", (_, damage) => {
    const good = generate(medium);
    expect(verdict(good)).toBe("linearizable");
    const result = checkLinearizability(damage(good));
    expect(result.verdict).toBe("not-linearizable");
    expect(result.firstBadPath).toMatch(/^\/[0-2]$/);
    expect(result.explain).toContain("no place for #");
  });

  test("stale reads are found without versions and zxids too", () => {
    const good = generate({ ...medium, zxidRate: 0, detailRate: 0 });
    expect(verdict(good)).toBe("linearizable");
    expect(verdict(staleRead(good))).toBe("not-linearizable");
  });
});

describe("effort", () => {
  const wide: GenerateOptions = {
    ...medium,
    clients: 20,
    ops: 5000,
    paths: 1,
    unknownRate: 0.002,
    types: allTypes,
  };

  test.each([1, 2, 3, 4, 5])("20 clients on one path are decided in few steps (seed %i)", (seed) => {
    const result = checkLinearizability(generate({ ...wide, seed }), { maxSteps: 2_000_000 });
    expect(result).toMatchObject({ verdict: "linearizable", ops: 5000, paths: 1 });
  });

  test("a bound that is too small leaves it undecided", () => {
    const result = checkLinearizability(generate(wide), { maxSteps: 1000 });
    expect(result.verdict).toBe("undecided");
    expect(result.firstBadPath).toBe("/0");
  });
});
