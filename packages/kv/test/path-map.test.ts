import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { PathMap } from "../src/path-map.ts";
import { parentOf } from "../src/paths.ts";

afterEach(() => vi.restoreAllMocks());

function upwards(path: string): string[] {
  return path === "/" ? ["/"] : [path, ...upwards(parentOf(path))];
}

const paths = fc
  .array(fc.constantFrom("a", "b", "ab", "a-", "\u{1f600}"), { maxLength: 5 })
  .map((names) => `/${names.join("/")}`);

test("what is kept above a path is what a walk upwards finds, nearest first, whatever comes and goes", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(paths, fc.boolean()), { maxLength: 40 }), paths, (changes, asked) => {
      const map = new PathMap<string>();
      const naive = new Map<string, string>();
      for (const [path, comes] of changes) {
        if (comes) map.set(path, path);
        else expect(map.delete(path)).toBe(naive.has(path));
        if (comes) naive.set(path, path);
        else naive.delete(path);
      }
      expect(map.size).toBe(naive.size);
      expect(map.above(asked)).toEqual(upwards(asked).filter((path) => naive.has(path)));
    }),
  );
});

test("of two thousand paths above a deep one, only those are looked up that may have something", () => {
  const map = new PathMap<number>();
  map.set(`${"/a".repeat(2_000)}/x`, 1);
  map.set("/a/a", 2);
  const cut = vi.spyOn(String.prototype, "slice");
  expect(map.above(`${"/a".repeat(2_000)}/y`)).toEqual([2]);
  expect(cut.mock.calls.length).toBeLessThan(5);
});
