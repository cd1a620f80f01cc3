import { describe, expect, test } from "vitest";
import { compileOp, ValueTable } from "../src/linearizability/compile.ts";
import type { CompiledOp } from "../src/linearizability/compile.ts";
import { EventList, head } from "../src/linearizability/event-list.ts";
import { Memo } from "../src/linearizability/memo.ts";
import type { HashedSet } from "../src/linearizability/memo.ts";
import { OpSet } from "../src/linearizability/op-set.ts";
import { ZxidOrder } from "../src/linearizability/zxid-order.ts";
import { SeededRandom } from "./_support/random.ts";

const completed = 150;
const unknown = 40;

/** Adds and removes the same random operations in a set of the checker and in a plain one. */
function walk(steps: number, visit: (set: OpSet, plain: ReadonlySet<number>) => void): void {
  const random = new SeededRandom(11);
  const set = new OpSet(completed, unknown);
  const plain = new Set<number>();
  for (let step = 0; step < steps; step++) {
    // Long runs of one kind fill and empty whole words.
    const filling = Math.floor(step / 1500) % 2 === 0;
    const op = random.below(completed + unknown);
    if (plain.has(op) && !filling) {
      plain.delete(op);
      set.delete(op);
    } else if (!plain.has(op) && filling) {
      plain.add(op);
      set.add(op);
    }
    visit(set, plain);
  }
}

describe("OpSet", () => {
  test("low and high bound the part that is neither full nor empty, tightly", () => {
    walk(9000, (set) => {
      const words = [...set.words.subarray(0, set.completedWords)];
      const firstOpen = words.findIndex((word) => word !== -1);
      expect(set.low).toBe(firstOpen < 0 ? words.length : firstOpen);
      expect(set.high).toBe(words.findLastIndex((word) => word !== 0) + 1);
    });
  });

  test("equal sets have equal hashes, and others differ", () => {
    const hashes = new Map<string, string>();
    walk(9000, (set, plain) => {
      hashes.set([...plain].toSorted((a, b) => a - b).join(), `${set.hashLow},${set.hashHigh}`);
    });
    expect(new Set(hashes.values()).size).toBe(hashes.size);
    const [forth, back] = [new OpSet(3, 0), new OpSet(3, 0)];
    for (const op of [0, 1, 2]) forth.add(op);
    for (const op of [2, 0, 1]) back.add(op);
    expect([forth.hashLow, forth.hashHigh]).toEqual([back.hashLow, back.hashHigh]);
  });
});

describe("Memo", () => {
  test("remembers exactly the pairs of set and state that it was shown", () => {
    const memo = new Memo();
    const seen = new Set<string>();
    walk(6000, (set, plain) => {
      for (const state of [0, plain.size % 7]) {
        const key = `${[...plain].toSorted((a, b) => a - b).join()}|${state}`;
        expect(memo.addIfNew(set, state)).toBe(!seen.has(key));
        seen.add(key);
      }
    });
  });

  test("tells thousands of states of one set apart", () => {
    const memo = new Memo();
    const set = new OpSet(40, 3);
    set.add(5);
    for (let state = 0; state < 20_000; state++) expect(memo.addIfNew(set, state)).toBe(true);
    for (let state = 0; state < 20_000; state++) expect(memo.addIfNew(set, state)).toBe(false);
  });

  test("is not fooled by sets whose hashes collide", () => {
    const same = { hashLow: 1, hashHigh: 2, low: 0, high: 1, completedWords: 1 };
    const sets: HashedSet[] = [
      [1, 0],
      [2, 0],
      [1, 4],
    ].map((words) => ({ ...same, words: Int32Array.from(words) }));
    const memo = new Memo();
    expect(sets.map((set) => memo.addIfNew(set, 0))).toEqual([true, true, true]);
    expect(sets.map((set) => memo.addIfNew(set, 0))).toEqual([false, false, false]);
  });

  test("forgets nothing it holds when it is full, and takes nothing more", () => {
    const memo = new Memo(64);
    const set = new OpSet(10, 0);
    const taken = Array.from({ length: 100 }, (_, state) => memo.addIfNew(set, state));
    expect(taken).not.toContain(false);
    const again = taken.map((_, state) => memo.addIfNew(set, state));
    expect(again.slice(0, 10)).not.toContain(true);
    expect(again.slice(50)).not.toContain(false);
  });
});

function op(id: number, invoke: number, end: number | null, zxid?: number): CompiledOp {
  const base = {
    id,
    client: id,
    op: { type: "delete", path: "/a" },
    invoke_ns: invoke,
    return_ns: end,
  } as const;
  const compiled = compileOp(
    end === null
      ? { ...base, outcome: "unknown", result: null }
      : { ...base, outcome: "ok", result: zxid === undefined ? {} : { zxid } },
    new ValueTable(),
    false,
  );
  if (compiled === null) throw new Error("a write always says something");
  return compiled;
}

test("ZxidOrder always knows the least zxid that is not placed yet", () => {
  const random = new SeededRandom(5);
  const ops = Array.from({ length: 60 }, (_, id) =>
    op(id, 0, 1, random.chance(0.7) ? random.below(40) : undefined),
  );
  const order = new ZxidOrder(ops);
  const left = new Set(ops.keys());
  for (let step = 0; step < 3000; step++) {
    const index = random.below(ops.length);
    if (left.delete(index)) {
      order.add(index);
    } else {
      left.add(index);
      order.delete(index);
    }
    const zxids = [...left].map((each) => ops[each]?.zxid ?? -1).filter((zxid) => zxid >= 0);
    expect(order.least()).toBe(Math.min(...zxids));
  }
});

function contents(list: EventList): string[] {
  const seen: string[] = [];
  for (let node = list.next(head); node !== head; node = list.next(node)) {
    const called = list.calledAt(node);
    seen.push(called >= 0 ? `call ${called}` : `return ${list.returningAt(node)}`);
    expect(list.previous(list.next(node))).toBe(node);
  }
  return seen;
}

describe("EventList", () => {
  const ops = [op(0, 0, 10), op(1, 10, 20), op(2, 5, null), op(3, 15, 18)];
  const whole = ["call 0", "call 2", "call 1", "return 0", "call 3", "return 3", "return 1"];

  test("orders calls before returns of the same instant, and unknown operations never return", () => {
    expect(contents(new EventList(ops))).toEqual(whole);
  });

  test("puts back what was taken out, last first", () => {
    const list = new EventList(ops);
    for (const index of [3, 1, 2]) list.lift(index);
    expect(contents(list)).toEqual(["call 0", "return 0"]);
    for (const index of [2, 1]) list.unlift(index);
    expect(contents(list)).toEqual(whole.filter((event) => !event.endsWith("3")));
    list.unlift(3);
    expect(contents(list)).toEqual(whole);
  });
});
