import fc from "fast-check";
import { expect, test } from "vitest";
import { isMember, isVoter, leaveJoint, type Membership } from "../../src/core/config/configuration.ts";
import { isQuorum, majority, reachedByMajority, reachedByQuorum } from "../../src/core/quorum.ts";
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

// Naive: every majority of each half is written out, and one of each must be at or above the value.
function majoritiesOf(ids: readonly string[]): string[][] {
  const subsets = ids.reduce<string[][]>((all, id) => [...all, ...all.map((some) => [...some, id])], [[]]);
  return subsets.filter((some) => some.length * 2 > ids.length);
}

const halves = fc.tuple(
  fc.subarray(["a", "b", "c", "d", "e"], { minLength: 1 }),
  fc.subarray(["a", "b", "c", "d", "e"]),
);

test("a joint group has reached what a majority of each half has, whoever else there is", () => {
  fc.assert(
    fc.property(halves, fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }), ([voters, outgoing], values) => {
      const joint = { voters: founded(voters).voters, outgoing: founded(outgoing).voters };
      const valueOf = (id: string): number => values["abcde".indexOf(id)] ?? 0;
      const naive = [voters, outgoing]
        .filter((half) => half.length > 0)
        .map((half) => {
          const least = majoritiesOf(half).map((some) => Math.min(...some.map(valueOf)));
          return Math.max(...least);
        });
      expect(reachedByQuorum(joint, valueOf)).toBe(Math.min(...naive));
    }),
  );
});

test("a joint group agrees when a majority of each half does", () => {
  fc.assert(
    fc.property(halves, fc.subarray(["a", "b", "c", "d", "e"]), ([voters, outgoing], yes) => {
      const joint = { ...founded(voters), outgoing: founded(outgoing).voters };
      const naive = [voters, outgoing]
        .filter((half) => half.length > 0)
        .every((half) => majoritiesOf(half).some((some) => some.every((id) => yes.includes(id))));
      expect(isQuorum(joint, ({ id }) => yes.includes(id))).toBe(naive);
      const tally = new Tally("vote");
      for (const id of yes) tally.record(id, incarnationOf(id), true);
      expect(tally.won(joint)).toBe(naive);
    }),
  );
});

test("a group of nobody is never won", () => {
  const tally = new Tally("vote");
  tally.record("a", incarnationOf("a"), true);
  expect(tally.won(founding([]))).toBe(false);
  expect(tally.won(founded([]))).toBe(false);
});

function roles(configuration: Membership): string[] {
  return ["a", "b", "c"].map((id) => {
    if (isVoter(configuration, id, incarnationOf(id))) return "voter";
    return isMember(configuration, id, incarnationOf(id)) ? "learner" : "stranger";
  });
}

test("learners are members and no voters; who goes out of a joint group votes until it is left", () => {
  const { voters } = founded(["a", "b", "c"]);
  const [a, b, c] = voters;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three members");
  const learner = { ...c, promote: false };
  const joint = { ...founded([]), voters: [a], outgoing: [b, c], learners: [learner] };
  expect(roles(joint)).toEqual(["voter", "voter", "voter"]);
  expect(roles(leaveJoint(joint))).toEqual(["voter", "stranger", "learner"]);
});

test("an incarnation other than the recorded one is no member", () => {
  const configuration = founded(["a", "b"]);
  expect(isMember(configuration, "a", incarnationOf("a"))).toBe(true);
  expect(isMember(configuration, "a", incarnationOf("b"))).toBe(false);
  expect(isMember(configuration, "c", incarnationOf("c"))).toBe(false);
});
