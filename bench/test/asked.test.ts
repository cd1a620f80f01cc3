import { expect, test } from "vitest";
import { killedShare } from "../src/raft/mutants.ts";
import { atLeast, atMost } from "../src/report/asked.ts";

test("a figure that is asked for reaches its bound, misses it, or was not measured", () => {
  expect(atLeast("speed", 5, 5, "h")).toEqual({
    figure: "speed",
    value: 5,
    unit: "h",
    asked: ">= 5",
    ok: true,
  });
  expect(atLeast("speed", 4.9, 5, "h").ok).toBe(false);
  expect(atMost("time", 4, 4, "x").ok).toBe(true);
  expect(atMost("time", 4.1, 4, "x").ok).toBe(false);
  expect(atMost("time", null, 4, "x").ok).toBeNull();
});

test("the share of mutants killed comes from the command's last line", () => {
  expect(killedShare('{"total":40,"killed":30,"survived":["R01"]}')).toBe(75);
  expect(() => killedShare('{"id":"R01","killed":true}')).toThrow("totals");
  expect(() => killedShare('{"total":0,"killed":0}')).toThrow("totals");
});
