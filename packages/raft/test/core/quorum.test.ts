import fc from "fast-check";
import { expect, test } from "vitest";
import { isMember, majority, reachedByMajority } from "../../src/core/quorum.ts";
import { Tally } from "../../src/core/tracker/tally.ts";
import { founded, founding, incarnationOf } from "./member.ts";

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
  [7, 4],
])("of %i voters %i are a majority", (voters, needed) => {
  expect(majority(voters)).toBe(needed);
});

test("what a majority reached is the largest value that more than half of the voters are at or above", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), (reached) => {
      const supported = reached.filter(
        (value) => reached.filter((other) => other >= value).length * 2 > reached.length,
      );
      expect(reachedByMajority(reached)).toBe(Math.max(...supported));
    }),
  );
});

test("a founded group is won with more than half of the voters, each in the incarnation it is known by", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const answer = fc.record({
    id: fc.constantFrom(...ids, "x"),
    granted: fc.boolean(),
    genuine: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(answer, { maxLength: 12 }), (size, answers) => {
      const voters = ids.slice(0, size);
      const tally = new Tally("vote");
      const grants = new Map<string, boolean>();
      for (const { id, granted, genuine } of answers) {
        tally.record(id, genuine ? incarnationOf(id) : "other", granted);
        if (granted && !grants.has(id)) grants.set(id, genuine);
      }
      const votes = voters.filter((id) => grants.get(id) === true).length;
      expect(tally.won(founded(voters))).toBe(votes * 2 > size);
    }),
  );
});

test("a late refusal of an earlier round does not hide the grant that follows it", () => {
  const tally = new Tally("pre-vote");
  tally.record("a", incarnationOf("a"), true);
  tally.record("b", incarnationOf("b"), false);
  expect(tally.won(founded(["a", "b", "c"]))).toBe(false);
  tally.record("b", incarnationOf("b"), true);
  expect(tally.won(founded(["a", "b", "c"]))).toBe(true);
});

test("the founding configuration is won only with every founder", () => {
  const tally = new Tally("vote");
  const configuration = founding(["a", "b", "c"]);
  tally.record("a", "1", true);
  tally.record("b", "2", true);
  expect(tally.won(configuration)).toBe(false);
  tally.record("c", "3", true);
  expect(tally.won(configuration)).toBe(true);
  expect(tally.incarnationOf("c")).toBe("3");
});

test("an incarnation other than the recorded one is no member", () => {
  const configuration = founded(["a", "b"]);
  expect(isMember(configuration, "a", incarnationOf("a"))).toBe(true);
  expect(isMember(configuration, "a", incarnationOf("b"))).toBe(false);
  expect(isMember(configuration, "c", incarnationOf("c"))).toBe(false);
});
