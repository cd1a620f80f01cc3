import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutants, smoke } from "../src/catalog/index.ts";
import { misfits, mutatedFiles } from "../src/edit.ts";
import { suites, suitesFor } from "../src/suite-list.ts";
import { transpile } from "../src/transpile.ts";

const root = join(import.meta.dirname, "../../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

test("every mutant fits the source as it is", () => {
  expect(misfits(mutants, read)).toEqual([]);
});

test("what a mutant makes of its files is still a module", async () => {
  for (const mutant of mutants) {
    for (const [file, source] of mutatedFiles(mutant, read)) {
      expect(await transpile(source, file), mutant.id).not.toBe(await transpile(read(file), file));
    }
  }
});

test("twelve different mutants make the smoke", () => {
  const ids = mutants.map(({ id }) => id);
  expect(new Set(smoke).size).toBe(12);
  expect(smoke.filter((id) => !ids.includes(id))).toEqual([]);
});

test("every general suite is there, with the tests that count", () => {
  for (const { folder, file, tests } of suites) {
    expect(existsSync(join(root, folder, file)), file).toBe(true);
    for (const name of tests) expect(read(`${folder}/${file}`), file).toContain(`"${name}`);
  }
});

test("the suites of a mutant are those of the packages it changes", () => {
  const chosen = suitesFor(["packages/kv/src/machine.ts"]);
  expect(chosen.length).toBeGreaterThan(0);
  expect(chosen.every(({ folder }) => folder === "packages/kv")).toBe(true);
  expect(suitesFor(["test/history/src/main.ts"])).toEqual([]);
});

test("the table of what is not there yet names no mutant that is", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const section = readme.slice(readme.indexOf("## Not there yet"));
  const pending = [...section.matchAll(/^\| ([A-Z]\d\d) \|/gm)].map(([, id]) => id);
  expect(pending.length).toBeGreaterThan(0);
  expect(mutants.map(({ id }) => id).filter((id) => pending.includes(id))).toEqual([]);
});
