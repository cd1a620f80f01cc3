import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { longestGap, spread, Stamps, Vacancies } from "../../src/demo/measure.ts";

describe("the longest gap", () => {
  test("reaches from the last success before the fault to the first after it", () => {
    expect(longestGap([10, 20, 30, 400, 410], 35, 410)).toBe(370);
  });

  test("counts steady work as its pace", () => {
    expect(longestGap([0, 10, 20, 30, 40], 15, 35)).toBe(10);
  });

  test("ignores gaps that were over before", () => {
    expect(longestGap([0, 500, 510, 520], 505, 520)).toBe(10);
  });

  test("lasts to the end of the window when nothing succeeds any more", () => {
    expect(longestGap([10], 20, 100)).toBe(90);
    expect(longestGap([], 20, 100)).toBe(80);
  });

  test("is never shorter than the window without a success in it", () => {
    const stamps = fc.array(fc.nat(1_000), { maxLength: 20 }).map((all) => all.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(stamps, fc.nat(1_000), fc.nat(1_000), (all, from, length) => {
        const gap = longestGap(all, from, from + length);
        const inside = all.some((stamp) => stamp >= from && stamp <= from + length);
        if (!inside) expect(gap).toBeGreaterThanOrEqual(length);
        expect(gap).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("survives that old stamps are forgotten", () => {
    const stamps = new Stamps();
    for (let at = 0; at < 120_000; at += 1) stamps.add(at);
    stamps.add(120_500);
    expect(stamps.count).toBe(120_001);
    expect(stamps.longestGap(119_990, 120_500)).toBe(501);
  });
});

describe("vacancies", () => {
  test("begin with the death of the leader, not when it is noticed", () => {
    const vacancies = new Vacancies(0);
    vacancies.seen({ id: "n1", epoch: 5 }, 100);
    vacancies.down("n1", 1_000);
    vacancies.seen(null, 2_500);
    vacancies.seen({ id: "n2", epoch: 9 }, 2_600);
    expect(vacancies.longest(1_000, 3_000)).toBe(1_600);
  });

  test("a dead leader that is seen again does not end it", () => {
    const vacancies = new Vacancies(0);
    vacancies.seen({ id: "n1", epoch: 5 }, 100);
    vacancies.down("n1", 1_000);
    vacancies.seen({ id: "n1", epoch: 5 }, 1_100);
    vacancies.seen({ id: "n2", epoch: 6 }, 1_500);
    expect(vacancies.longest(1_000, 2_000)).toBe(500);
  });

  test("the same member can end it with a new epoch", () => {
    const vacancies = new Vacancies(0);
    vacancies.seen({ id: "n1", epoch: 5 }, 100);
    vacancies.down("n1", 1_000);
    vacancies.seen({ id: "n1", epoch: 6 }, 1_200);
    expect(vacancies.longest(1_000, 2_000)).toBe(200);
  });

  test("the death of a worker is none, nor is a handover", () => {
    const vacancies = new Vacancies(0);
    vacancies.seen({ id: "n1", epoch: 5 }, 100);
    vacancies.down("n2", 1_000);
    vacancies.seen({ id: "n3", epoch: 6 }, 1_500);
    expect(vacancies.longest(200, 2_000)).toBe(0);
  });

  test("an open one counts up to the end of the window", () => {
    const vacancies = new Vacancies(0);
    expect(vacancies.longest(0, 700)).toBe(700);
    vacancies.seen({ id: "n1", epoch: 5 }, 800);
    vacancies.seen(null, 900);
    expect(vacancies.longest(850, 1_000)).toBe(100);
  });
});

test("a spread is the lower median and the maximum, and null without values", () => {
  expect(spread([])).toEqual({ p50: null, max: null });
  expect(spread([7.4])).toEqual({ p50: 7, max: 7 });
  expect(spread([1, 100, 3, 2])).toEqual({ p50: 2, max: 100 });
});
