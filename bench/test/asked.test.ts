import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { judgedShare, killedShare, mutants, simulatedHours } from "../src/raft/commands.ts";
import { atLeast, atMost } from "../src/report/asked.ts";

const known = async (): Promise<string[]> => ["R01"];

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

test("the share of mutants killed comes from a file of lines, or stays open", async () => {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-results-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const results = join(folder, "lines.json");
  await writeFile(results, '{"id":"R01","killed":true}\n{"total":1,"killed":1}\n');
  expect(await mutants({ run: false, results }, () => {}, known)).toMatchObject([{ value: 100, ok: true }]);
  expect(await mutants({ run: false, results: null }, () => {})).toMatchObject([{ value: null, ok: null }]);
});

test("a file that lacks a mutant of the catalogue gives no share, and a later verdict takes the place of an earlier one", () => {
  const lines = ['{"id":"R01","killed":true}', '{"total":1,"killed":1}', '{"id":"R02","killed":false}'];
  expect(judgedShare(lines.join("\n"), ["R01", "R02"])).toBe(50);
  expect(judgedShare([...lines, '{"id":"R02","killed":true}', ""].join("\n"), ["R01", "R02"])).toBe(100);
  expect(() => judgedShare(lines.join("\n"), ["R01", "R02", "K01", "W12"])).toThrow("no verdict on K01, W12");
  expect(() => judgedShare(lines.join("\n"), ["R01"])).toThrow("no mutant R02");
});

test("the speed of the simulator comes from its own line", () => {
  expect(simulatedHours('{"simulatedHours":1.5,"hoursPerMinuteAndCore":6.25,"worlds":40}')).toBe(6.25);
  expect(() => simulatedHours("")).toThrow("how fast");
});
