import { expect, test } from "vitest";
import { smallChanges } from "../src/generic/operators.ts";
import { drawn } from "../src/generic/run-generic.ts";
import { score } from "../src/generic/score.ts";

function changesOf(source: string): string[] {
  return smallChanges("a.ts", source).map(({ what }) => what);
}

test.each([
  ["const a = b < c;", ["< → <="]],
  ["const a = b === c && d;", ["=== → !==", "&& → ||"]],
  ["const a = !b;", ["! → nothing"]],
  ["const a = true;", ["true → false"]],
  ["const a = 7;", ["7 → 8"]],
  ["const a = b ? c : d;", ["b → !(b)"]],
  ["if (a) b();", ["a → !(a)", "b(); → ;"]],
  ["a += b;", ["a += b; → ;", "+= → -="]],
  ["for (;;) i++;", ["i++ → i--", "i++; → ;"]],
  ['const a = "x" + b;', []],
  ["type A = 1 | 2;", []],
  ["const a: 1 = b as 2;", []],
  ['invariant(a < b, "Order");', []],
  ['this.#probe("rare");', []],
  ['import { a } from "b";', []],
])("of %s", (source, changes) => {
  expect(changesOf(source)).toEqual(changes);
});

test("a change is made at its place alone", () => {
  const [first, second] = smallChanges("a.ts", "const a = 1;\nconst b = 1;\n");
  expect(first).toMatchObject({ line: 1, changed: "const a = 2;\nconst b = 1;\n" });
  expect(second).toMatchObject({ line: 2, changed: "const a = 1;\nconst b = 2;\n" });
});

test("a seed draws the same ones again, and a larger sample has them all", () => {
  const all = Array.from({ length: 50 }, (_, at) => at);
  expect(drawn(all, 10, 3)).toEqual(drawn(all, 10, 3));
  expect(drawn(all, 20, 3).slice(0, 10)).toEqual(drawn(all, 10, 3));
  expect(drawn(all, 10, 4)).not.toEqual(drawn(all, 10, 3));
  expect(drawn(all, 100, 3).toSorted((a, b) => a - b)).toEqual(all);
});

test("the score is the part that was noticed", () => {
  const base = { file: "a.ts", line: 1, what: "", by: null, cpuSeconds: 1 };
  expect(
    score([
      { ...base, killed: true },
      { ...base, killed: true },
      { ...base, killed: false },
    ]),
  ).toEqual({
    total: 3,
    killed: 2,
    score: 0.667,
  });
});
