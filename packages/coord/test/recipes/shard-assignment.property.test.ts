import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Applicant,
  type Assign,
  type Assignment,
  rendezvous,
  type Situation,
  sticky,
} from "../../src/recipes/shards/assignment.ts";

const named = (weights: readonly number[]): readonly Applicant[] =>
  weights.map((weight, at) => ({ name: `n${at}`, id: `id${at}`, weight }));

/** Some who are there, some who are gone, and shards that either or nobody had. */
function situations(bounds: { readonly shards: number; readonly people: number }): fc.Arbitrary<Situation> {
  const weights = fc.array(fc.nat(4), { maxLength: bounds.people });
  return weights.chain((all) => {
    const owner = fc.option(fc.nat(all.length + 1).map((at) => `n${at}`));
    const current = fc.array(owner, { minLength: 1, maxLength: bounds.shards });
    return current.map((owners) => ({ applicants: named(all), current: owners }));
  });
}

const many = situations({ shards: 60, people: 9 });

const counts = (owners: Assignment, { name }: Applicant): number =>
  owners.filter((owner) => owner === name).length;

/** Shards that somebody who is there loses. */
function moves({ applicants, current }: Situation, next: Assignment): number {
  return current.filter((owner, shard) => {
    const isThere = applicants.some(({ name, weight }) => name === owner && weight > 0);
    return isThere && next[shard] !== owner;
  }).length;
}

test.each<[string, Assign]>([
  ["sticky", sticky],
  ["rendezvous", rendezvous],
])("%s gives every shard to somebody who takes some, whatever the order", (_, assign) => {
  fc.assert(
    fc.property(many, (situation) => {
      const takers = situation.applicants.filter(({ weight }) => weight > 0).map(({ name }) => name);
      const next = assign(situation);
      expect(next).toHaveLength(situation.current.length);
      for (const owner of next) expect(takers.length === 0 ? [null] : takers).toContain(owner);
      expect(assign({ ...situation, applicants: situation.applicants.toReversed() })).toEqual(next);
      // What was given out so stays.
      expect(assign({ ...situation, current: next })).toEqual(next);
    }),
  );
});

test("sticky gives everybody its part by weight, within one", () => {
  fc.assert(
    fc.property(many, (situation) => {
      const { applicants, current } = situation;
      const total = applicants.reduce((sum, { weight }) => sum + weight, 0);
      fc.pre(total > 0);
      const next = sticky(situation);
      for (const applicant of applicants) {
        const part = (current.length * applicant.weight) / total;
        expect(Math.abs(counts(next, applicant) - part)).toBeLessThan(1);
      }
    }),
  );
});

/** Every way to give `shards` to so many. */
function* allWays(names: readonly string[], shards: number): Generator<string[]> {
  if (shards === 0) yield [];
  else for (const rest of allWays(names, shards - 1)) for (const name of names) yield [...rest, name];
}

test("no way that is as balanced moves fewer shards", () => {
  fc.assert(
    fc.property(situations({ shards: 6, people: 3 }), (situation) => {
      const { applicants, current } = situation;
      const total = applicants.reduce((sum, { weight }) => sum + weight, 0);
      fc.pre(total > 0);
      const isBalanced = (owners: Assignment): boolean =>
        applicants.every((applicant) => {
          const part = (current.length * applicant.weight) / total;
          return Math.abs(counts(owners, applicant) - part) < 1;
        });
      let fewest = Number.POSITIVE_INFINITY;
      const names = applicants.map(({ name }) => name);
      for (const way of allWays(names, current.length))
        if (isBalanced(way)) fewest = Math.min(fewest, moves(situation, way));
      expect(moves(situation, sticky(situation))).toBe(fewest);
    }),
    { numRuns: 60 },
  );
});

test("with rendezvous nothing moves but what somebody had who goes, or gets who comes", () => {
  fc.assert(
    fc.property(many, fc.nat(8), (situation, at) => {
      const gone = situation.applicants[at % Math.max(1, situation.applicants.length)];
      fc.pre(gone !== undefined);
      const before = rendezvous(situation);
      const applicants = situation.applicants.filter((one) => one !== gone);
      const after = rendezvous({ ...situation, applicants });
      for (const [shard, owner] of before.entries())
        if (owner !== gone.name) expect(after[shard]).toBe(owner);
    }),
  );
});

test("with rendezvous the same ids have the same shards after a restart, in parts by weight", () => {
  const current = Array.from({ length: 4_096 }, () => null);
  const applicants = named([1, 2, 3, 2]);
  const before = rendezvous({ applicants, current });
  const renamed = applicants.map((one) => ({ ...one, name: `again-${one.name}` }));
  expect(rendezvous({ applicants: renamed, current })).toEqual(before.map((name) => `again-${name ?? ""}`));
  for (const applicant of applicants)
    expect(Math.abs(counts(before, applicant) - (4_096 * applicant.weight) / 8)).toBeLessThan(120);
});

test("with rendezvous two of one id share what it draws", () => {
  const current = Array.from({ length: 200 }, () => null);
  const applicants = ["a", "b"].map((name) => ({ name, id: "same", weight: 1 }));
  const next = rendezvous({ applicants, current });
  expect(counts(next, applicants[0] as Applicant)).toBeGreaterThan(60);
  expect(counts(next, applicants[1] as Applicant)).toBeGreaterThan(60);
});
