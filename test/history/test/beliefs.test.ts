import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { epochMonotone, singleHolder } from "../src/index.ts";
import type { BeliefRecord, CheckReport } from "../src/index.ts";

type Pauses = BeliefRecord["paused"];

function belief(
  process: string,
  epoch: number,
  from_ns: number,
  to_ns: number | null,
  paused: Pauses = [],
  object = "lock",
): BeliefRecord {
  return { kind: "belief", process, object, epoch, from_ns, to_ns, paused };
}

function rules(report: CheckReport): string[] {
  return report.violations.map((violation) => violation.rule);
}

function runs(b: BeliefRecord, t: number): boolean {
  return b.from_ns <= t && t < (b.to_ns ?? Infinity) && !b.paused.some(([from, to]) => from <= t && t < to);
}

describe("singleHolder", () => {
  test("accepts beliefs that touch, of one process, or on different objects", () => {
    expect(rules(singleHolder([belief("a", 1, 0, 10), belief("b", 2, 10, null)]))).toEqual([]);
    expect(rules(singleHolder([belief("a", 1, 0, 10), belief("a", 2, 5, 20)]))).toEqual([]);
    expect(rules(singleHolder([belief("a", 1, 0, 10), belief("b", 1, 5, 20, [], "other")]))).toEqual([]);
  });

  test("finds two that believe at once, also when neither ends", () => {
    expect(rules(singleHolder([belief("a", 1, 0, 10), belief("b", 2, 9, 20)]))).toEqual(["single-holder"]);
    expect(rules(singleHolder([belief("b", 2, 9, null), belief("a", 1, 0, null)]))).toEqual([
      "single-holder",
    ]);
  });

  test("a paused process harms nobody until it runs again", () => {
    expect(rules(singleHolder([belief("a", 1, 0, 30, [[5, 30]]), belief("b", 2, 10, 40)]))).toEqual([]);
    expect(rules(singleHolder([belief("a", 1, 0, 30, [[5, 29]]), belief("b", 2, 10, 40)]))).toEqual([
      "single-holder",
    ]);
    expect(
      rules(
        singleHolder([
          belief("a", 1, 0, 30, [
            [20, 30],
            [5, 20],
          ]),
          belief("b", 2, 10, 40),
        ]),
      ),
    ).toEqual([]);
  });

  test("permits allow that many, and no more", () => {
    const three = [belief("a", 1, 0, 10), belief("b", 1, 0, 10), belief("c", 1, 5, 20)];
    expect(rules(singleHolder(three, { permits: 3 }))).toEqual([]);
    expect(rules(singleHolder(three, { permits: 2 }))).toEqual(["single-holder"]);
  });

  test("refuses a record whose end comes before its start", () => {
    expect(rules(singleHolder([belief("a", 1, 10, 5)]))).toEqual(["bad-record"]);
  });

  test("agrees with looking at every instant", () => {
    const instant = fc.integer({ min: 0, max: 12 });
    const record = fc
      .tuple(
        fc.constantFrom("a", "b", "c"),
        instant,
        instant,
        fc.array(fc.tuple(instant, instant), { maxLength: 2 }),
      )
      .map(([process, from, length, pauses]) =>
        belief(
          process,
          1,
          from,
          from + length,
          pauses.map(([at, span]) => [at, at + span] as const),
        ),
      );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (beliefs) => {
        const instants = Array.from(
          { length: 30 },
          (_, t) => new Set(beliefs.filter((b) => runs(b, t)).map((b) => b.process)),
        );
        expect(singleHolder(beliefs).ok).toBe(instants.every((holders) => holders.size <= 1));
      }),
      { numRuns: 500 },
    );
  });
});

describe("epochMonotone", () => {
  test("accepts growing epochs per object", () => {
    expect(
      rules(
        epochMonotone([belief("b", 7, 10, 20), belief("a", 3, 0, 10), belief("a", 1, 30, 40, [], "other")]),
      ),
    ).toEqual([]);
  });

  test("finds an epoch that falls, and one that is used twice", () => {
    expect(rules(epochMonotone([belief("a", 3, 0, 10), belief("b", 2, 10, 20)]))).toEqual(["epoch-order"]);
    expect(rules(epochMonotone([belief("a", 3, 0, 10), belief("b", 3, 10, 20)]))).toEqual(["epoch-unique"]);
    expect(rules(epochMonotone([belief("a", 3, 0, 10), belief("a", 3, 10, 20)]))).toEqual(["epoch-unique"]);
  });

  test("with permits, an epoch may be shared, but not by one process with itself", () => {
    expect(rules(epochMonotone([belief("a", 3, 0, 10), belief("b", 3, 0, 20)], { permits: 2 }))).toEqual([]);
    expect(rules(epochMonotone([belief("a", 3, 0, 10), belief("a", 3, 10, 20)], { permits: 2 }))).toEqual([
      "epoch-unique",
    ]);
  });
});
