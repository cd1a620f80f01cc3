import fc from "fast-check";
import { expect, test } from "vitest";
import { TermRuns } from "../../src/core/log/term-runs.ts";

/** The terms of a log that begins behind entry `base`, one by one. */
class NaiveTerms {
  readonly base: number;
  terms: number[] = [];

  constructor(base: number) {
    this.base = base;
  }

  at(index: number): number {
    return index <= this.base ? 0 : (this.terms[index - this.base - 1] ?? this.terms.at(-1) ?? 0);
  }

  lastAtMost(index: number, term: number): number {
    let candidate = index;
    while (candidate > this.base && this.at(candidate) > term) candidate -= 1;
    return candidate;
  }
}

const log = fc.record({
  base: fc.nat(5),
  rises: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 14 }),
  cutAt: fc.nat(16),
  more: fc.array(fc.constantFrom(0, 1), { maxLength: 4 }),
});

test("runs of terms answer like a term for every entry, also behind a truncation", () => {
  fc.assert(
    fc.property(log, ({ base, rises, cutAt, more }) => {
      const naive = new NaiveTerms(base);
      const runs = new TermRuns([]);
      const add = (rise: number): void => {
        const term = Math.max(1, naive.terms.at(-1) ?? 1) + rise;
        naive.terms.push(term);
        runs.add({ index: base + naive.terms.length, term });
      };
      for (const rise of rises) add(rise);
      runs.truncateFrom(base + 1 + cutAt);
      naive.terms = naive.terms.slice(0, cutAt);
      for (const rise of more) add(rise);
      for (let index = 0; index <= base + naive.terms.length + 2; index += 1) {
        expect(runs.at(index)).toBe(naive.at(index));
        for (let term = 0; term < 8; term += 1)
          expect(runs.lastAtMost(index, term)).toBe(naive.lastAtMost(index, term));
      }
    }),
  );
});

test("what is forgotten below an entry is needed for none from there on", () => {
  const runs = new TermRuns([
    { index: 3, term: 1 },
    { index: 5, term: 4 },
    { index: 9, term: 6 },
  ]);
  runs.forgetBelow(6);
  expect([3, 4, 5, 6, 8, 9, 20].map((index) => runs.at(index))).toEqual([0, 0, 4, 4, 4, 6, 6]);
  runs.forgetBelow(9);
  expect([8, 9].map((index) => runs.at(index))).toEqual([0, 6]);
});
