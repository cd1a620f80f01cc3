import { expect, test } from "vitest";
import { misfits, mutatedFiles } from "../src/edit.ts";
import { MutantError } from "../src/mutant.ts";
import { replacing } from "./_support/fakes.ts";

const read = (): string => "const a = 1;\nconst b = 2;\nconst c = 2;\n";

test("the text of an edit is replaced, and nothing else is touched", () => {
  const files = mutatedFiles(replacing("a = 1", "a = 3"), read);
  expect([...files]).toEqual([["packages/raft/src/a.ts", "const a = 3;\nconst b = 2;\nconst c = 2;\n"]]);
});

test("signs that mean something in a pattern or a replacement are plain text", () => {
  const files = mutatedFiles(replacing("f($1.x)*", "$& $1 $$"), () => "y = f($1.x)*;");
  expect([...files.values()]).toEqual(["y = $& $1 $$;"]);
});

test("several edits of one file apply one after another, those of others apart", () => {
  const mutant = {
    ...replacing("a = 1", "a = 9"),
    edits: [
      { file: "x", find: "a = 1", replace: "a = 9" },
      { file: "x", find: "a = 9", replace: "a = 8" },
      { file: "y", find: "b = 2", replace: "b = 7" },
    ],
  };
  const files = mutatedFiles(mutant, read);
  expect(files.get("x")).toContain("const a = 8;\nconst b = 2;");
  expect(files.get("y")).toContain("const a = 1;\nconst b = 7;");
});

test.each([
  ["is not there", "a = 2", "a = 3"],
  ["is there twice", "= 2", "= 3"],
  ["is empty", "", "x"],
  ["stays as it is", "a = 1", "a = 1"],
])("a mutant whose text %s does not load", (_, find, replace) => {
  expect(() => mutatedFiles(replacing(find, replace), read)).toThrow(MutantError);
});

test("a mutant without edits does not load", () => {
  expect(() => mutatedFiles({ ...replacing("a", "b"), edits: [] }, read)).toThrow(MutantError);
});

test("every mutant that does not fit is named, and so is one that is there twice", () => {
  const good = replacing("a = 1", "a = 3");
  const lines = misfits([good, { ...replacing("z", "y"), id: "T02" }, good], read);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^T02: its text stands 0 times in packages\/raft\/src\/a.ts/);
  expect(lines[1]).toBe("T01: stands in the catalogue twice");
});

test("a file that cannot be read is a misfit", () => {
  const lines = misfits([replacing("a", "b")], () => {
    throw new Error("no such file");
  });
  expect(lines).toEqual(["no such file"]);
});
