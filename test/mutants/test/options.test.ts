import { expect, test } from "vitest";
import { readOptions } from "../src/options.ts";
import { asText, summarize } from "../src/summary.ts";

test("without arguments every mutant has 60 CPU seconds, one at a time", () => {
  const options = readOptions([]);
  expect(options).toMatchObject({ only: null, smoke: false, budgetSeconds: 60, parallel: 1, json: false });
});

test("some mutants, a budget and a width can be asked for", () => {
  const options = readOptions(["--only", "R01, R04", "--budget", "1800", "--parallel", "2", "--json"]);
  expect(options).toMatchObject({ only: ["R01", "R04"], budgetSeconds: 1800, parallel: 2, json: true });
});

test("small changes of a package can be asked for instead", () => {
  expect(readOptions([])).toMatchObject({ generic: null, sample: 100 });
  expect(readOptions(["--generic", "kv", "--sample", "30", "--skip", "9"])).toMatchObject({
    generic: "kv",
    sample: 30,
    skip: 9,
  });
});

test.each([
  ["--budget=0", "--budget: expected a whole number"],
  ["--budget=much", "--budget: expected a whole number"],
  ["--parallel=0", "--parallel: expected a whole number"],
  ["--seed=-1", "--seed: expected a whole number"],
  ["--generic=coord", "--generic: expected kv or raft"],
  ["--sample=0", "--sample: expected a whole number"],
  ["--what", "--what"],
])("%s is refused", (arg, message) => {
  expect(() => readOptions([arg])).toThrow(message);
});

test("the summary tells kills, crashes and survivors apart", () => {
  const base = { seeds: 1, cpuSeconds: 1 };
  const verdicts = [
    { ...base, id: "A", killed: true, by: "LogMatching" },
    { ...base, id: "B", killed: true, by: "assertion CommitWithinLog" },
    { ...base, id: "C", killed: false, by: "crash" },
    { ...base, id: "D", killed: false, by: null },
  ];
  expect(summarize(verdicts)).toEqual({
    total: 4,
    killed: 2,
    byAssertion: 1,
    crashed: ["C"],
    survived: ["D"],
  });
  expect(verdicts.map(asText)).toEqual([
    "A     killed by LogMatching, 1 worlds, 1 s",
    "B     killed by assertion CommitWithinLog, 1 worlds, 1 s",
    "C     killed-by: crash, 1 worlds, 1 s",
    "D     SURVIVED, 1 worlds, 1 s",
  ]);
});
