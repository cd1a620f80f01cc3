import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Dice } from "../../src/demo/dice.ts";
import type { FaultReport } from "../../src/demo/faults.ts";
import { faultKinds } from "../../src/demo/faults.ts";
import { loadDemoOptions } from "../../src/demo/options.ts";
import { makeQueries } from "../../src/demo/queries.ts";
import { Schedule } from "../../src/demo/schedule.ts";
import type { Outcome } from "../../src/demo/summary.ts";
import { complaints, summarize } from "../../src/demo/summary.ts";
import { Corpus } from "../../src/search/corpus.ts";

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

function throws(seed: number): number[] {
  const dice = new Dice(seed);
  return Array.from({ length: 50 }, () => dice.next());
}

function report(kind: FaultReport["kind"], ms: number, recovered = true): FaultReport {
  return {
    kind,
    member: "n1",
    recovered,
    writesMs: ms,
    vacancyMs: ms * 2,
    outageMs: ms * 3,
    staleRefused: 0,
  };
}

describe("chance", () => {
  test("is the same again from the same seed", () => {
    expect(throws(7)).toEqual(throws(7));
    expect(throws(7)).not.toEqual(throws(8));
  });

  test("stays in its bounds, and shuffling keeps everything", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 100 }), fc.array(fc.nat()), (seed, count, items) => {
        const dice = new Dice(seed);
        expect(dice.below(count)).toBeLessThan(count);
        expect(dice.between(3, 4)).toBeGreaterThanOrEqual(3);
        expect(sorted(dice.shuffled(items))).toEqual(sorted(items));
      }),
    );
  });

  test("queries come from the documents", () => {
    const corpus = new Corpus(
      new Map([
        ["a", "raft log"],
        ["b", "vote"],
      ]),
    );
    for (const query of makeQueries(corpus, new Dice(1))) expect(corpus.search(query)).not.toEqual([]);
  });
});

describe("the schedule", () => {
  test("does each fault once, even without time", () => {
    fc.assert(
      fc.property(fc.nat(), fc.subarray([...faultKinds]), (seed, faults) => {
        const schedule = new Schedule(faults, new Dice(seed));
        const done = faults.map(() => schedule.next(-1));
        expect(done).toHaveLength(faults.length);
        expect(new Set(done)).toEqual(new Set(faults));
        expect(schedule.next(-1)).toBeNull();
      }),
    );
  });

  test("goes on with what fits into the rest of the time", () => {
    const schedule = new Schedule(["kill-worker", "rolling-restart"], new Dice(1));
    schedule.next(60_000);
    schedule.next(60_000);
    for (let i = 0; i < 20; i += 1) expect(schedule.next(5_000)).toBe("kill-worker");
    expect(schedule.next(100)).toBeNull();
  });

  test("without faults there is nothing to do", () => {
    expect(new Schedule([], new Dice(1)).next(60_000)).toBeNull();
  });
});

describe("options", () => {
  test("headless has a time and faults unless told otherwise", () => {
    expect(loadDemoOptions({ headless: true }, true, 5)).toEqual({
      docs: null,
      data: null,
      output: "lines",
      forMs: 40_000,
      faults: ["kill-leader", "pause-leader", "kill-worker"],
      seed: 5,
    });
    expect(
      loadDemoOptions({ headless: true, for: "2m", faults: "kill-worker", seed: "9", json: true }, true, 5),
    ).toMatchObject({
      output: "json",
      forMs: 120_000,
      faults: ["kill-worker"],
      seed: 9,
    });
  });

  test("without a terminal there are plain lines, without a time it runs until stopped", () => {
    expect(loadDemoOptions({}, false, 1)).toMatchObject({ output: "lines", forMs: null, faults: [] });
    expect(loadDemoOptions({}, true, 1).output).toBe("screen");
  });
});

describe("the summary", () => {
  const good: Outcome = {
    stopped: false,
    queries: 10,
    wrong: 0,
    retried: 2,
    epochs: [3, 8],
    epochsGrew: true,
    staleRefused: 4,
    crashes: 0,
    reports: [report("kill-leader", 10), report("kill-worker", 30), report("kill-leader", 20)],
  };

  test("counts the faults and spreads what they cost", () => {
    expect(summarize(good)).toEqual({
      type: "summary",
      queries: 10,
      wrong: 0,
      retried: 2,
      elections: 2,
      epochs: [3, 8],
      staleRefused: 4,
      writesResumedMs: { p50: 20, max: 30 },
      vacancyMs: { p50: 40, max: 60 },
      outageMs: { p50: 60, max: 90 },
      faults: { "kill-leader": 2, "kill-worker": 1 },
    });
    expect(complaints(good)).toEqual([]);
  });

  test.each<[Partial<Outcome>, RegExp]>([
    [{ wrong: 1 }, /wrong/],
    [{ epochsGrew: false }, /epoch/],
    [{ crashes: 1 }, /error of their own/],
    [{ queries: 0 }, /no query/],
    [{ reports: [report("pause-leader", 1, false)] }, /not recovered from pause-leader/],
  ])("%j is a complaint", (change, complaint) => {
    expect(complaints({ ...good, ...change })).toEqual([expect.stringMatching(complaint)]);
  });

  test("stopped before the first answer is none", () => {
    expect(complaints({ ...good, queries: 0, stopped: true })).toEqual([]);
  });
});
