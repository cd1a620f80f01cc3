import fc from "fast-check";
import { expect, test } from "vitest";
import { hashText } from "../src/digest.ts";
import { noSlot, PathIndex } from "../src/path-index.ts";
import { nameOf, parentLength, parentOf } from "../src/paths.ts";

/** An index with a new number for whatever is put in, beside a map. */
class Twins {
  readonly map = new Map<string, number>();
  readonly #paths: string[] = [];
  readonly #index = new PathIndex({ pathOf: (slot) => this.#paths[slot] ?? "" });

  put(path: string): void {
    const slot = this.#paths.push(path) - 1;
    this.#index.set(slot, path, hashText(path));
    this.map.set(path, slot);
  }

  delete(path: string): void {
    this.#index.delete(path, hashText(path));
    this.map.delete(path);
  }

  areSame(paths: Iterable<string>): void {
    expect(this.#index.size).toBe(this.map.size);
    for (const path of paths) {
      const slot = this.map.get(path) ?? noSlot;
      expect(this.#index.get(path)).toBe(slot);
      expect(this.#index.getPrefix(`${path}/below`, path.length)).toBe(slot);
    }
  }
}

const scattered = fc.string({ maxLength: 3 }).map((name) => `/${name}`);
/** All in one part of the index, which fills it and empties it again. */
const crowded = fc.constantFrom(
  ...Array.from({ length: 8_000 }, (_, number) => `/${number}`).filter((path) => hashText(path) >>> 24 === 7),
);

test.each([
  ["scattered", scattered],
  ["crowded", crowded],
])("an index of paths is a map: %s", (_, path) => {
  const change = fc.record({ path, isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400, size: "max" }), (changes) => {
      const twins = new Twins();
      for (const { path: at, isGone } of changes) {
        if (isGone) twins.delete(at);
        else twins.put(at);
        twins.areSame([at]);
      }
      twins.areSame(twins.map.keys());
    }),
  );
});

/** The inverse of the last step of `hashText`. */
function unfinished(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x7ed1b41d);
  mixed ^= (mixed >>> 13) ^ (mixed >>> 26);
  mixed = Math.imul(mixed, 0xa5cb9243);
  return mixed ^ (mixed >>> 16);
}

const inverse = 0xe8b2f51;

function unstirred(mixed: number): number {
  return Math.imul(mixed ^ (mixed >>> 15) ^ (mixed >>> 30), inverse);
}

/** The two last characters that make a text of `length` which stands at `state` by now hash to 1, or null. */
function endOf(state: number): string | null {
  const target = unfinished(1);
  for (let last = 0x4e00; last < 0x9f00; last += 1) {
    const before = unstirred(unstirred(target) ^ last) ^ state;
    if (before > 0x2f && before < 0xd800) return String.fromCharCode(before, last);
  }
  return null;
}

function stirred(text: string, length: number): number {
  let state = length;
  for (let at = 0; at < text.length; at += 1) {
    const mixed = Math.imul(state ^ text.charCodeAt(at), 0x9e3779b1);
    state = mixed ^ (mixed >>> 15);
  }
  return state;
}

/** Paths that all have the hash 1. */
function equalHashes(count: number): string[] {
  const found: string[] = [];
  for (let number = 100_000; found.length < count; number += 1) {
    const head = `/${number}`;
    const end = endOf(stirred(head, head.length + 2));
    if (end !== null) found.push(head + end);
  }
  return found;
}

test("paths of one hash are found like others, however many", () => {
  const paths = equalHashes(300);
  expect(new Set(paths.map(hashText))).toEqual(new Set([1]));
  const twins = new Twins();
  for (const path of paths) twins.put(path);
  twins.areSame(paths);
  for (const [at, path] of paths.entries()) if (at % 2 === 0) twins.put(path);
  twins.areSame(paths);
  for (const [at, path] of paths.entries()) if (at % 3 === 0) twins.delete(path);
  twins.areSame(paths);
  for (const path of paths) twins.put(path);
  twins.areSame(paths);
});

test("the parent of a path is its beginning", () => {
  const name = fc.string({ minLength: 1, maxLength: 3 }).filter((text) => !text.includes("/"));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
      const path = `/${names.join("/")}`;
      expect(path.slice(0, parentLength(path))).toBe(parentOf(path));
      expect(nameOf(path)).toBe(names.at(-1));
    }),
  );
});
