import { expect, test } from "vitest";
import { mutants } from "../src/catalog/index.ts";
import { outcomeOf } from "../src/real/outcome.ts";
import { provocations } from "../src/real/provocations.ts";

test("what is provoked stands in the catalogue, once, and in packages that are compiled anew", () => {
  const ids = provocations.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const files = ids.flatMap(
    (id) => mutants.find((mutant) => mutant.id === id)?.edits.map(({ file }) => file) ?? [id],
  );
  expect(files.filter((file) => !/^packages\/(?:runtime|raft|kv|coord)\//.test(file))).toEqual([]);
});

test("the first broken invariant of a run is what noticed", () => {
  const violations = [{ scenario: "lock", invariant: "SingleHolder", message: "two" }];
  const printed = `{"name":"lock"}\n${JSON.stringify({ scenarios: 1, violations })}\n`;
  expect(outcomeOf(printed, "")).toEqual({ by: "SingleHolder", message: "two" });
  expect(outcomeOf('{"scenarios":1,"violations":[]}\n', "")).toEqual({ by: null, message: "" });
});

test("a run that says nothing came to nothing, and was not noticed by a checker", () => {
  expect(outcomeOf("", "out of memory")).toEqual({ by: "crash", message: "out of memory" });
  expect(outcomeOf('{"scenarios":1}\n', "")).toMatchObject({ by: "crash" });
});
