import fc from "fast-check";
import { expect, test } from "vitest";
import { founding } from "./member.ts";
import { Schedule } from "./schedule.ts";

const seed = fc.nat(2 ** 31 - 1);
const slow = { timeout: 120_000 };

test.each([1, 2, 3, 4, 5])(
  "a group of %i stays safe under any schedule and converges afterwards",
  slow,
  (size) => {
    fc.assert(
      fc.property(seed, (value) => {
        const schedule = new Schedule(value, size, { electionTicks: 4, trailingEntries: 3 });
        schedule.run(1500);
        schedule.converge();
      }),
      { numRuns: 40 },
    );
  },
);

test.each([
  [134, 5],
  [199, 5],
  [1112, 5],
  [1248, 5],
  [1114439035, 3],
])(
  "what answers an earlier life is not heard by the next one, which may know an earlier term (seed %i, %i members)",
  (value, size) => {
    const schedule = new Schedule(value, size, { electionTicks: 4, trailingEntries: 3 });
    schedule.run(1500);
    schedule.converge();
  },
);

test("who gives its vote again, to the same candidate in the same term, waits anew (seed 55569885)", () => {
  const schedule = new Schedule(55_569_885, 3, { electionTicks: 4, trailingEntries: 3, commitDelayMs: 1 });
  schedule.run(1500);
  schedule.converge();
});

test("small windows, batches and caches keep the same promises", slow, () => {
  const limits = {
    maxBatchBytes: 80,
    maxBatchEntries: 2,
    maxTaskBytes: 100,
    maxApplyBytes: 100,
    inflightMessages: 2,
    inflightBytes: 150,
    maxUncommittedEntries: 12,
    maxUnstableBytes: 150,
    cacheBytes: 60,
  };
  fc.assert(
    fc.property(seed, (value) => {
      const schedule = new Schedule(value, 3, { electionTicks: 4, trailingEntries: 2, limits });
      schedule.run(1500);
      schedule.converge();
    }),
    { numRuns: 40 },
  );
});

test("word of commits that waits for entries keeps the same promises", slow, () => {
  fc.assert(
    fc.property(seed, fc.constantFrom(1, 50, 1000), (value, commitDelayMs) => {
      const schedule = new Schedule(value, 3, { electionTicks: 4, trailingEntries: 3, commitDelayMs });
      schedule.run(1500);
      schedule.converge();
    }),
    { numRuns: 40 },
  );
});

test("a leader that seldom asks idle peers for answers keeps the same promises", slow, () => {
  fc.assert(
    fc.property(seed, fc.constantFrom(2, 3), (value, askEveryTicks) => {
      const schedule = new Schedule(value, 3, { electionTicks: 4, trailingEntries: 3, askEveryTicks });
      schedule.run(1500);
      schedule.converge();
    }),
    { numRuns: 40 },
  );
});

test("founding under any schedule gives one history", slow, () => {
  fc.assert(
    fc.property(seed, (value) => {
      const schedule = new Schedule(value, 3, { electionTicks: 4, configuration: founding(["a", "b", "c"]) });
      schedule.run(600);
      schedule.converge();
      const histories = schedule.cluster.ids.map(
        (id) => schedule.cluster.get(id).raft.configuration.historyId,
      );
      expect(new Set(histories).size).toBe(1);
      expect(histories[0]).toMatch(/^[0-9a-f]{32}$/);
    }),
    { numRuns: 40 },
  );
});

test("the same schedule gives the same messages again", () => {
  const runs = [1, 2].map(() => {
    const schedule = new Schedule(4711, 3, { electionTicks: 4, trailingEntries: 3 });
    schedule.run(1500);
    schedule.converge();
    return schedule.cluster.sent.map(({ from, to, message }) => [from, to, message.type, message.term]);
  });
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]?.length).toBeGreaterThan(100);
});
