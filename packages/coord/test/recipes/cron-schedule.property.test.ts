import { Cron } from "croner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Due } from "../../src/recipes/cron/due.ts";
import { Schedule } from "../../src/recipes/cron/schedule.ts";
import { runsOr } from "./play.ts";

const hourMs = 3_600_000;

/** Around these, clocks are put forward or back in the zones below, by half an hour to three; and a day without. */
const moments = [
  "2026-03-08T07:00:00Z",
  "2026-11-01T06:00:00Z",
  "2026-03-29T01:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-04-04T15:00:00Z",
  "2026-10-03T15:30:00Z",
  "2026-04-24T22:00:00Z",
  "2023-03-08T16:00:00Z",
  "2026-07-01T12:00:00Z",
].map((each) => Date.parse(each));
const zones = [
  "UTC",
  "America/New_York",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "Antarctica/Troll",
  "Antarctica/Casey",
] as const;

const list = (most: number, upTo: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant("*") },
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(fc.nat(upTo), { minLength: 1, maxLength: most })
        .map((each) => each.toSorted((a, b) => a - b).join(",")),
    },
  );
const pattern = fc.tuple(list(3, 59), list(4, 5)).map(([minutes, hours]) => `${minutes} ${hours} * * *`);
const near = fc
  .tuple(fc.constantFrom(...moments), fc.integer({ min: -6 * hourMs, max: 6 * hourMs }))
  .map(([moment, off]) => moment + off);

/** What follows a moment one by one, up to another one and with it. */
function chain(schedule: Schedule, afterMs: number, upToMs: number): number[] {
  const ticks: number[] = [];
  for (let tick = schedule.next(afterMs); tick !== null && tick <= upToMs; tick = schedule.next(tick)) {
    expect(tick).toBeGreaterThan(ticks.at(-1) ?? afterMs);
    ticks.push(tick);
  }
  return ticks;
}

test("what is next lies ahead, comes no earlier for who asks later, and the latest are the last of those", () => {
  const ask = fc.tuple(near, fc.nat(6 * hourMs), fc.nat(6 * hourMs), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(fc.constantFrom(...zones), pattern, ask, (zone, text, [from, later, upTo, most]) => {
      const schedule = new Schedule(text, zone);
      const first = schedule.next(from) ?? Infinity;
      expect(first).toBeGreaterThan(from);
      expect(schedule.next(from + later) ?? Infinity).toBeGreaterThanOrEqual(first);
      const all = chain(schedule, from, from + upTo);
      expect(schedule.between(from, from + upTo, most)).toEqual(all.slice(-most));
    }),
    { numRuns: runsOr(100) * 3 },
  );
});

test("it is the library's, wherever the library's lies ahead", () => {
  const hourly = fc.constantFrom("UTC", "America/New_York", "Europe/Berlin", "Africa/Cairo");
  fc.assert(
    fc.property(hourly, pattern, near, (timezone, text, from) => {
      // oxlint-disable-next-line no-restricted-globals -- the moment is drawn
      const told = new Cron(text, { timezone, paused: true }).nextRun(new Date(from))?.getTime() ?? 0;
      if (told > from) expect(new Schedule(text, timezone).next(from)).toBe(told);
    }),
    { numRuns: runsOr(100) * 3 },
  );
});

test("where clocks are put back, nothing is due that lies before the beginning or is later than grace allows", () => {
  const schedule = new Schedule("0,30 0-4 * * *", "America/New_York");
  const nowMs = Date.parse("2026-11-01T06:10:00Z");
  const following = Date.parse("2026-11-01T07:00:00Z");
  expect(schedule.next(nowMs)).toBe(following);
  const due = new Due(schedule, { missed: "skip", graceMs: 60_000, maxMissed: 100 });
  expect(due.next(Date.parse("2026-11-01T04:30:00Z"), nowMs)).toBe(following);
  expect(due.next(nowMs, nowMs + 5)).toBe(following);
});

test("where clocks are put forward, what is told as missed is what would have been next", () => {
  const schedule = new Schedule("15,45 1-2 * * *", "America/New_York");
  const [from, upTo] = [Date.parse("2026-03-08T00:00:00Z"), Date.parse("2026-03-08T12:00:00Z")];
  const ticks = ["06:15", "06:45", "07:15"].map((each) => Date.parse(`2026-03-08T${each}:00Z`));
  expect(chain(schedule, from, upTo)).toEqual(ticks);
  expect(schedule.between(from, upTo, 100)).toEqual(ticks);
});

test("where clocks leap by half an hour, what is made up for does not come before what lies earlier", () => {
  // Half an hour after two, clocks show three for the first time.
  const schedule = new Schedule("10,35 2 * * *", "Australia/Lord_Howe");
  expect(schedule.next(Date.parse("2026-10-03T15:00:00Z"))).toBe(Date.parse("2026-10-03T15:35:00Z"));
});

test("what was missed is found among seldom ticks and among many", () => {
  const leapDays = new Schedule("0 0 29 2 *", "UTC");
  const [from, upTo] = [Date.parse("2015-06-01T00:00:00Z"), Date.parse("2026-06-01T00:00:00Z")];
  const found = ["2016-02-29", "2020-02-29", "2024-02-29"].map((each) => Date.parse(each));
  expect(leapDays.between(from, upTo, 100)).toEqual(found);
  expect(leapDays.between(from, upTo, 2)).toEqual(found.slice(-2));
  // A day of seconds, far back.
  const dense = new Schedule("* * * 1 1 *", "Europe/Berlin");
  const endMs = Date.parse("2026-01-01T23:00:00Z");
  expect(dense.between(from, upTo, 3)).toEqual([endMs - 3_000, endMs - 2_000, endMs - 1_000]);
});

test("each of many that were missed is looked for once, with what comes meanwhile", () => {
  let told = 0;
  class Counting extends Schedule {
    override between(...args: Parameters<Schedule["between"]>): number[] {
      const ticks = super.between(...args);
      told += ticks.length;
      return ticks;
    }
  }
  const due = new Due(new Counting("* * * * * *", "UTC"), { missed: "all", graceMs: 0, maxMissed: 10 });
  let lastMs = 1_000_000;
  const taken: number[] = [];
  for (let nowMs = lastMs + 60_000; ; nowMs += 500) {
    const tickMs = due.next(lastMs, nowMs);
    if (tickMs === null || tickMs > nowMs) break;
    taken.push(tickMs);
    lastMs = tickMs;
  }
  expect(taken).toEqual(Array.from({ length: taken.length }, (_, k) => 1_051_000 + k * 1_000));
  expect(taken.length).toBeGreaterThan(15);
  expect(told).toBeLessThanOrEqual(taken.length);
  // Taken up by somebody else, or the job was forgotten: from what is last.
  expect(due.next(lastMs + 5_000, lastMs + 5_500)).toBe(lastMs + 6_000);
});
