import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { zxidWitness } from "../src/index.ts";
import type { OpRecord } from "../src/index.ts";
import { bruteForceLinearizable } from "./_support/brute-force.ts";
import { duplicatedVersion, fallingZxid, reorderedReads, scramble, staleRead } from "./_support/damage.ts";
import { generate } from "./_support/generate.ts";
import type { GenerateOptions } from "./_support/generate.ts";

const long: GenerateOptions = {
  seed: 3,
  clients: 10,
  ops: 2000,
  paths: 4,
  unknownRate: 0,
  zxidRate: 1,
  detailRate: 1,
  spanNs: 100,
  types: ["get", "get", "create", "set", "cas"],
};
const options: fc.Arbitrary<GenerateOptions> = fc.record({
  seed: fc.integer(),
  clients: fc.integer({ min: 2, max: 4 }),
  ops: fc.integer({ min: 3, max: 8 }),
  paths: fc.constant(1),
  unknownRate: fc.constantFrom(0, 0.2),
  zxidRate: fc.constantFrom(0.5, 1),
  detailRate: fc.constantFrom(0.5, 1),
  types: fc.constantFrom(
    ["get", "create", "set", "cas", "delete"] as const,
    ["get", "exists", "create", "set"] as const,
  ),
  spanNs: fc.constantFrom(2, 20),
});

function write(id: number, path: string, zxid: number, invoke_ns: number, return_ns: number): OpRecord {
  return {
    id,
    client: id,
    op: { type: "create", path, value: `v${id}` },
    invoke_ns,
    return_ns,
    outcome: "ok",
    result: { zxid },
  };
}

function read(id: number, zxid: number, version: number): OpRecord {
  return {
    id,
    client: id,
    op: { type: "get", path: "/a" },
    invoke_ns: 20,
    return_ns: 30,
    outcome: "ok",
    result: { value: "y", version, zxid },
  };
}

describe("zxidWitness", () => {
  test("accepts every history made by a real register", () => {
    fc.assert(
      fc.property(
        options,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 5, max: 60 }),
        (o, paths, ops) => {
          const records = generate({ ...o, paths, ops });
          expect(zxidWitness(records).violations).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("what it rejects on one path is never linearizable", () => {
    let rejected = 0;
    fc.assert(
      fc.property(options, fc.integer(), (o, seed) => {
        const records = scramble(generate(o), seed);
        if (zxidWitness(records).ok) return;
        rejected++;
        expect(bruteForceLinearizable(records)).toBe(false);
      }),
      { numRuns: 1500 },
    );
    expect(rejected).toBeGreaterThan(100);
  });

  test.each([
    ["stale read", staleRead, "real-time"],
    ["duplicated version", duplicatedVersion, "replay"],
    ["reordered reads", reorderedReads, "real-time"],
    ["falling zxid", fallingZxid, "real-time"],
  ])("finds %s in a long history", (_, damage, rule) => {
    const good = generate(long);
    expect(zxidWitness(good)).toMatchObject({ ok: true });
    expect(zxidWitness(damage(good)).violations.map((violation) => violation.rule)).toContain(rule);
  });

  test("holds zxids to real time and uniqueness across paths", () => {
    expect(zxidWitness([write(0, "/a", 1, 0, 5), write(1, "/b", 2, 6, 9)]).ok).toBe(true);
    expect(zxidWitness([write(0, "/a", 2, 0, 5), write(1, "/b", 1, 5, 9)]).ok).toBe(true);
    expect(zxidWitness([write(0, "/a", 2, 0, 5), write(1, "/b", 1, 6, 9)]).violations[0]?.rule).toBe(
      "real-time",
    );
    expect(zxidWitness([write(0, "/a", 1, 0, 5), write(1, "/b", 1, 0, 5)]).violations[0]?.rule).toBe(
      "zxid-unique",
    );
  });

  test("places a write of unknown outcome by the reads that saw it", () => {
    const lost: OpRecord = {
      ...write(1, "/a", 0, 10, 10),
      op: { type: "set", path: "/a", value: "y" },
      outcome: "unknown",
      return_ns: null,
      result: null,
    };
    expect(zxidWitness([write(0, "/a", 1, 0, 5), lost, read(2, 7, 1), read(3, 7, 1)]).ok).toBe(true);
    expect(zxidWitness([write(0, "/a", 1, 0, 5), lost, read(2, 7, 2)]).violations[0]?.rule).toBe("read");
    expect(
      zxidWitness([write(0, "/a", 1, 0, 5), lost, read(2, 7, 1), read(3, 8, 1)]).violations[0]?.rule,
    ).toBe("write-twice");
    expect(zxidWitness([write(0, "/a", 1, 0, 5), read(2, 7, 1)]).violations[0]?.rule).toBe("read-of-nothing");
  });
});
