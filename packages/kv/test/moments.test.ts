import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { openAccess } from "../src/access.ts";
import { Digest, ItemHash } from "../src/digest.ts";
import type { FrozenNodes } from "../src/frozen-nodes.ts";
import { NodeStore } from "../src/node-store.ts";
import type { NodeFacts } from "../src/tree-node.ts";
import { Tree } from "../src/tree.ts";

afterEach(() => vi.restoreAllMocks());

const none = new Uint8Array(0);

function factsOf(path: string, version: number): NodeFacts {
  const revisions = { czxid: 1, mzxid: 1, pzxid: 1, ctimeMs: 0, mtimeMs: 0 };
  const family = { created: 0, numChildren: 0, owner: null, guarded: false, lifetime: 0 };
  return { path, version, ...revisions, ...family, access: openAccess };
}

/** A tree whose moments are let go of when the test says so, as if they were collected then. */
class Held {
  readonly tree: Tree;
  readonly #letGo = new Map<object, () => void>();

  constructor() {
    const letGo = this.#letGo;
    class Registry<T> {
      readonly #collected: (held: T) => void;

      constructor(collected: (held: T) => void) {
        this.#collected = collected;
      }

      register(target: object, held: T): void {
        letGo.set(target, () => this.#collected(held));
      }
    }
    vi.stubGlobal("FinalizationRegistry", Registry);
    try {
      this.tree = new Tree(new Digest(), new ItemHash());
    } finally {
      vi.unstubAllGlobals();
    }
  }

  letGo(moment: FrozenNodes): void {
    this.#letGo.get(moment)?.();
    this.#letGo.delete(moment);
  }

  /** Gives a node a version, whether it is there or not. */
  put(path: string, version: number): void {
    const node = this.tree.get(path);
    if (node === undefined) this.tree.add(factsOf(path, version), none);
    else {
      this.tree.edit(node);
      node.version = version;
      this.tree.settle(node);
    }
    this.tree.tidy();
  }

  delete(path: string): void {
    const node = this.tree.get(path);
    if (node !== undefined) this.tree.delete(node);
    this.tree.tidy();
  }
}

const paths = Array.from({ length: 8 }, (_, number) => `/${number}`);

function versionsOf(nodes: Pick<FrozenNodes, "get">): (number | undefined)[] {
  return paths.map((path) => nodes.get(path)?.version);
}

test("a moment held for long keeps each node once, however many are held and let go of meanwhile", () => {
  const held = new Held();
  for (const path of paths) held.put(path, 0);
  const first = held.tree.frozen();
  for (let round = 1; round <= 100; round += 1) {
    const brief = held.tree.frozen();
    for (const path of paths) held.put(path, round);
    held.letGo(brief);
  }
  expect(versionsOf(first)).toEqual(paths.map(() => 0));
  expect(first.images).toBe(paths.length);
});

test.each([
  ["much", 1, 8],
  ["little", 8, 1],
])("to let go of a moment with %s in it copies no more than the smaller of two has", (_much, early, late) => {
  const held = new Held();
  for (const path of paths) held.put(path, 0);
  const first = held.tree.frozen();
  for (const path of paths.slice(0, early)) held.put(path, 1);
  const second = held.tree.frozen();
  for (const path of paths.slice(0, late)) held.put(path, 2);
  const copy = vi.spyOn(NodeStore.prototype, "copy");
  held.letGo(second);
  expect(copy.mock.calls.length).toBeLessThan(2);
  for (const path of paths) held.put(path, 3);
  held.delete("/0");
  expect(versionsOf(first)).toEqual(paths.map(() => 0));
  expect(first.images).toBe(paths.length);
});

test("every moment stays what it was, whichever others are let go of", () => {
  const path = fc.constantFrom(...paths);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("put" as const), path }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), path }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("hold" as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("let go" as const), draw: fc.nat(9) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const held = new Held();
      let moments: { readonly nodes: FrozenNodes; readonly versions: (number | undefined)[] }[] = [];
      for (const [version, next] of steps.entries()) {
        if (next.type === "put") held.put(next.path, version);
        else if (next.type === "delete") held.delete(next.path);
        else if (next.type === "hold")
          moments.push({ nodes: held.tree.frozen(), versions: versionsOf(held.tree) });
        else {
          const gone = moments[next.draw];
          if (gone !== undefined) held.letGo(gone.nodes);
          moments = moments.filter((each) => each !== gone);
        }
        for (const { nodes, versions } of moments) expect(versionsOf(nodes)).toEqual(versions);
      }
    }),
  );
});
