import fc from "fast-check";
import { expect, test } from "vitest";
import { Leadership } from "../../src/core/leadership.ts";
import { defaultLimits, fitsForwarded, fitsUncommitted } from "../../src/core/options.ts";

const limits = {
  ...defaultLimits,
  maxUncommittedEntries: 10,
  maxUncommittedBytes: 100,
  maxForwardedBytes: 40,
};

function leadership(lastTimeMs: number = 0, nowMs: number = 0, wallMs: number = 0): Leadership {
  return new Leadership(1, lastTimeMs, { nowMs, wallMs }, 0, limits, 1000);
}

test("a bound is reached, and not gone beyond", () => {
  expect([
    fitsUncommitted(10, 100, limits),
    fitsUncommitted(11, 100, limits),
    fitsUncommitted(10, 101, limits),
  ]).toEqual([true, false, false]);
  expect([
    fitsForwarded(10, 40, limits),
    fitsForwarded(11, 40, limits),
    fitsForwarded(10, 41, limits),
  ]).toEqual([true, false, false]);
});

const run = fc.record({ count: fc.integer({ min: 1, max: 4 }), bytes: fc.nat(40), isLocal: fc.boolean() });
const step = fc.oneof(
  { weight: 3, arbitrary: run.map((item) => ({ type: "append" as const, item })) },
  { weight: 2, arbitrary: fc.nat(6).map((ahead) => ({ type: "commit" as const, ahead })) },
);

const named = (id: string) => ({ id, address: `${id}:1`, incarnation: id.repeat(32) });

test("a learner that was promoted is as level as any voter, and one that was demoted is none", () => {
  const base = { historyId: "1".repeat(32), outgoing: [], leaseReads: false };
  const at = { self: "a", next: 5, tick: 0, limits: defaultLimits };
  const leading = leadership();
  const isLevel = () => ["b", "c"].map((id) => leading.progress.get(id)?.isLevel(6));
  const learning = {
    ...base,
    index: 5,
    voters: [named("a"), named("b")],
    learners: [{ ...named("c"), promote: true }],
  };
  leading.follow(learning, at);
  for (const id of ["b", "c"]) leading.progress.get(id)?.acknowledged(6, 0);
  expect(isLevel()).toEqual([true, false]);
  leading.follow({ ...base, index: 6, voters: ["a", "b", "c"].map(named), learners: [] }, { ...at, next: 6 });
  expect(isLevel()).toEqual([true, true]);
  expect(leading.progress.get("c")?.catchUp).toBeNull();
  const demoted = {
    ...base,
    index: 7,
    voters: [named("a"), named("c")],
    learners: [{ ...named("b"), promote: false }],
  };
  leading.follow(demoted, { ...at, next: 7 });
  expect(isLevel()).toEqual([false, true]);
});

test("what is uncommitted counts run by run, and what of it is local is told entry by entry", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const leading = leadership();
      let runs: { firstIndex: number; count: number; bytes: number; firstId: number | null }[] = [];
      let last = 0;
      let commit = 0;
      let firstId = 1;
      for (const next of steps) {
        if (next.type === "append") {
          const { count, bytes, isLocal } = next.item;
          const item = { firstIndex: last + 1, count, bytes, firstId: isLocal ? firstId : null };
          leading.appended(item);
          runs.push(item);
          last += count;
          firstId += count;
        } else {
          commit = Math.min(last, commit + next.ahead);
          leading.committed(commit);
          // A run counts until all of it is committed.
          runs = runs.filter((item) => item.firstIndex + item.count - 1 > commit);
        }
        const entries = runs.reduce((sum, { count }) => sum + count, 0);
        const bytes = runs.reduce((sum, item) => sum + item.bytes, 0);
        for (const [count, size] of [
          [1, 1],
          [10 - entries, 100 - bytes],
          [11 - entries, 0],
          [1, 101 - bytes],
        ] as const) {
          const fits = entries === 0 || (entries + count <= 10 && bytes + size <= 100);
          expect(leading.admits(count, size, limits)).toBe(fits);
        }
        const local = runs.flatMap((item) =>
          Array.from({ length: item.count }, (_, k) => ({
            index: item.firstIndex + k,
            id: item.firstId === null ? null : item.firstId + k,
          })),
        );
        const undecided = leading.undecidedAbove(commit);
        expect(
          undecided.flatMap((one) => Array.from({ length: one.count }, (_, k) => one.firstId + k)),
        ).toEqual(local.filter(({ index, id }) => index > commit && id !== null).map(({ id }) => id));
        expect(undecided.every(({ count }) => count > 0)).toBe(true);
      }
    }),
  );
});

test("a stamp is wall time that never goes back, and runs as fast as the monotonic clock at most and half as fast at least", () => {
  const leading = leadership(500, 100.5, 1000.7);
  expect(leading.stamp({ nowMs: 100.5, wallMs: 1000.7 }, 500)).toBe(1000);
  expect(leading.stamp({ nowMs: 110.5, wallMs: 1010.9 }, 1000)).toBe(1010);
  // Set ahead, set back, and a monotonic clock that stands.
  expect(leading.stamp({ nowMs: 111.6, wallMs: 9000 }, 1010)).toBe(1011);
  expect(leading.stamp({ nowMs: 120, wallMs: 3 }, 1011)).toBe(1011);
  expect(leading.stamp({ nowMs: 300.5, wallMs: 3 }, 1011)).toBe(1100);
  expect(leading.stamp({ nowMs: 90, wallMs: 9000 }, 0)).toBe(1000);
  // The log may be ahead of this member's wall clock.
  expect(leadership(5000, 0, 1000).stamp({ nowMs: 3, wallMs: 1003 }, 5000)).toBe(5001);
  expect(leadership(5000, 0, 1000).stamp({ nowMs: 6000, wallMs: 7000 }, 5000)).toBe(8000);
  expect(leadership(5000, 0, 1000).stamp({ nowMs: 9000, wallMs: 10_000 }, 8000)).toBe(10_000);
  expect(leadership(5000, 0, 1000).stamp({ nowMs: 3, wallMs: 6000 }, 0)).toBe(5003);
});
