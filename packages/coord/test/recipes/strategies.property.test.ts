import fc from "fast-check";
import { expect, test } from "vitest";
import type { Candidate, Picker } from "../../src/recipes/balance/api.ts";
import { consistentHash } from "../../src/recipes/balance/consistent-hash.ts";
import { leastBusy, load } from "../../src/recipes/balance/least-busy.ts";
import { type Life, Outliers } from "../../src/recipes/balance/outliers.ts";
import { pickable } from "../../src/recipes/balance/pickable.ts";
import { byChance } from "../../src/recipes/balance/random.ts";
import { roundRobin } from "../../src/recipes/balance/round-robin.ts";
import { sticky } from "../../src/recipes/balance/sticky.ts";
import { twoChoices } from "../../src/recipes/balance/two-choices.ts";
import { weighted } from "../../src/recipes/balance/weighted.ts";
import type { Instance, InstanceState } from "../../src/recipes/registry/api.ts";

type Candidates = readonly [Candidate, ...Candidate[]];

function instance(
  id: string,
  weight = 1,
  state: InstanceState = "passing",
  zone: string | null = null,
): Instance {
  return { id, name: "web", address: id, port: null, tags: [], zone, weight, meta: {}, state, revision: 1 };
}

function candidates(weights: readonly number[], busy: readonly number[] = []): Candidates {
  const [first, ...rest] = weights.map((weight, at) => ({
    instance: instance(`i${String(at).padStart(3, "0")}`, weight),
    busy: busy[at] ?? 0,
  }));
  if (first === undefined) throw new Error("nobody");
  return [first, ...rest];
}

/** Numbers as evenly spread as chance would have them, the same in every run. */
function chance(seed: number): { float: () => number } {
  let state = seed >>> 0;
  return {
    float: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 0x1_00_00_00_00;
    },
  };
}

function counts(pick: Picker, from: Candidates, times: number, keyOf = (at: number) => String(at)): number[] {
  const picked = new Map<Candidate, number>();
  for (let k = 0; k < times; k += 1) {
    const one = pick(from, keyOf(k));
    picked.set(one, (picked.get(one) ?? 0) + 1);
  }
  return from.map((candidate) => picked.get(candidate) ?? 0);
}

const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test("round-robin picks each once before any twice", () => {
  fc.assert(
    fc.property(weights, fc.nat(20), (given, before) => {
      const pick = roundRobin();
      const all = candidates(given);
      counts(pick, all, before);
      expect(counts(pick, all, all.length)).toEqual(all.map(() => 1));
    }),
  );
});

test("round-robin skips nobody when others come and go", () => {
  const pick = roundRobin();
  const [a, b, c] = candidates([1, 1, 1]);
  if (b === undefined || c === undefined) throw new Error("nobody");
  expect(pick([a, b, c], "")).toBe(a);
  expect(pick([b, c], "")).toBe(b);
  expect(pick([a, b, c], "")).toBe(c);
  expect(pick([a, b, c], "")).toBe(a);
});

test("weighted picks each exactly as often as its weight in every cycle, and mixes them", () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 3 }), (given, cycles) => {
      const pick = weighted();
      const all = candidates(given);
      for (let k = 0; k < cycles; k += 1) expect(counts(pick, all, sum(given))).toEqual(given);
    }),
  );
  const pick = weighted();
  const all = candidates([5, 1, 1]);
  const order = Array.from({ length: 7 }, () => all.indexOf(pick(all, "")));
  expect(order).toEqual([0, 0, 1, 0, 2, 0, 0]);
});

test("random picks each about as often as its weight says", () => {
  fc.assert(
    fc.property(weights, fc.nat(), (given, seed) => {
      const times = 4_000;
      const found = counts(byChance(chance(seed)), candidates(given), times);
      for (const [at, weight] of given.entries()) {
        const expected = (times * weight) / sum(given);
        // Six standard deviations.
        expect(Math.abs((found[at] ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected) + 6);
      }
    }),
    { numRuns: 50 },
  );
});

test("two choices never pick the busiest of more than one, and spread work nearly evenly", () => {
  const busy = fc.uniqueArray(fc.nat(50), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(busy, fc.nat(), (given, seed) => {
      const all = candidates(
        given.map(() => 1),
        given,
      );
      const found = counts(twoChoices(chance(seed)), all, 200);
      expect(found[given.indexOf(Math.max(...given))]).toBe(0);
    }),
  );
  const pick = twoChoices(chance(7));
  const under = Array.from({ length: 20 }, () => 0);
  for (let k = 0; k < 2_000; k += 1) {
    const all = candidates(
      under.map(() => 1),
      under,
    );
    const at = all.indexOf(pick(all, ""));
    under[at] = (under[at] ?? 0) + 1;
  }
  expect(Math.max(...under) - Math.min(...under)).toBeLessThan(10);
});

test("least busy picks whoever has least to do for its weight, and of equals everyone in turn", () => {
  const pair = fc.record({ weight: fc.integer({ min: 1, max: 9 }), busy: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 8 }), (given) => {
      const all = candidates(
        given.map(({ weight }) => weight),
        given.map(({ busy }) => busy),
      );
      expect(load(leastBusy()(all, ""))).toBe(Math.min(...all.map(load)));
    }),
  );
  expect(counts(leastBusy(), candidates([1, 1, 1]), 9)).toEqual([3, 3, 3]);
});

/** How often each is picked while so many pieces of work are under way, each as long as the others. */
function countsUnderLoad(pick: Picker, given: readonly number[], times: number, under: number): number[] {
  const busy = given.map(() => 0);
  const work: number[] = [];
  const found = given.map(() => 0);
  for (let k = 0; k < times; k += 1) {
    const all = candidates(given, busy);
    const at = all.indexOf(pick(all, ""));
    busy[at] = (busy[at] ?? 0) + 1;
    found[at] = (found[at] ?? 0) + 1;
    work.push(at);
    const done = work.length > under ? work.shift() : undefined;
    if (done !== undefined) busy[done] = (busy[done] ?? 0) - 1;
  }
  return found;
}

test("who has the least to do has its share by weight, whether there is little to do or much", () => {
  fc.assert(
    fc.property(weights, fc.constantFrom(0, 100), (given, under) => {
      const times = 100 * sum(given);
      const found = countsUnderLoad(leastBusy(), given, times, under);
      for (const [at, weight] of given.entries()) {
        // What is under way, each hundred of it alike, is spread by whole pieces: a piece more than the share, or as much less
        // as a piece more for each of the others comes to.
        const rounding = Math.max(1, ((given.length - 1) * weight) / sum(given));
        // Nobody is ever more than a turn of another ahead.
        const bound = 10 + (under === 0 ? 0 : (rounding * times) / under);
        expect(Math.abs((found[at] ?? 0) - 100 * weight)).toBeLessThanOrEqual(bound);
      }
    }),
    { numRuns: 50 },
  );
});

test("two choices give each about its share by weight, whether there is little to do or much", () => {
  fc.assert(
    fc.property(weights, fc.constantFrom(0, 100), fc.nat(), (given, under, seed) => {
      const times = 4_000;
      const found = countsUnderLoad(twoChoices(chance(seed)), given, times, under);
      for (const [at, weight] of given.entries()) {
        const expected = (times * weight) / sum(given);
        // Six standard deviations.
        expect(Math.abs((found[at] ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected) + 6);
      }
    }),
    { numRuns: 50 },
  );
});

test("whoever could not be picked for a while has nothing to make up for", () => {
  const pick = leastBusy();
  for (let k = 0; k < 100; k += 1) pick(candidates([1, 1], [1, 0]), "");
  // A turn at most.
  expect(counts(pick, candidates([1, 1]), 10)[0]).toBeLessThanOrEqual(6);
});

test("consistent hash: the same key goes to the same one, and only keys of who comes or goes move", () => {
  const keys = Array.from({ length: 300 }, (_, k) => `key-${k}`);
  fc.assert(
    fc.property(weights, fc.nat(), (given, which) => {
      fc.pre(given.length > 1);
      const pick = consistentHash();
      const all = candidates(given);
      const gone = all[which % all.length];
      const [first, ...rest] = all.filter((candidate) => candidate !== gone);
      if (first === undefined) throw new Error("nobody");
      for (const key of keys) {
        const before = pick(all, key);
        expect(pick([...all], key)).toBe(before);
        if (before !== gone) expect(pick([first, ...rest], key)).toBe(before);
      }
    }),
    { numRuns: 50 },
  );
});

test("consistent hash gives each its share of the keys by weight", () => {
  const times = 6_000;
  for (const given of [
    [1, 1, 1, 1],
    [1, 2, 3],
    [9, 1],
  ]) {
    const found = counts(consistentHash(), candidates(given), times, (k) => `user/${k}`);
    for (const [at, weight] of given.entries()) {
      const expected = (times * weight) / sum(given);
      expect(Math.abs((found[at] ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
    }
  }
});

test("sticky keeps whom it picked for a key while that one can be picked", () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(5), { maxLength: 40 }), (seed, keys) => {
      const pick = sticky(byChance(chance(seed)));
      const all = candidates([1, 1, 1, 1]);
      const first = new Map<number, Candidate>();
      for (const key of keys) {
        const one = pick(all, String(key));
        expect(first.get(key) ?? one).toBe(one);
        first.set(key, one);
      }
    }),
  );
  const pick = sticky(roundRobin());
  const [a, b] = candidates([1, 1]);
  if (b === undefined) throw new Error("nobody");
  expect(pick([a, b], "k")).toBe(a);
  expect(pick([b], "k")).toBe(b);
  expect(pick([a, b], "k")).toBe(b);
});

const someInstance = fc.record({
  weight: fc.constantFrom(0, 1, 2),
  state: fc.constantFrom<InstanceState>("passing", "warning", "critical", "draining", "maintenance"),
  zone: fc.constantFrom("north", "south", null),
});

test("those may be picked who are best by weight above 0, then by state, then by zone", () => {
  fc.assert(
    fc.property(fc.array(someInstance), fc.constantFrom("north", undefined), (given, zone) => {
      const all = given.map(({ weight, state, zone: at }, k) => instance(`i${k}`, weight, state, at));
      const found = pickable(all, zone);
      for (const one of found) expect(one.weight).toBeGreaterThan(0);
      const usable = all.filter(({ state }) => state === "passing" || state === "warning");
      const heavy = usable.filter(({ weight }) => weight > 0);
      const among = heavy.length > 0 ? heavy : usable;
      const best = among.some(({ state }) => state === "passing") ? "passing" : "warning";
      const sound = among.filter(({ state }) => state === best);
      const near = sound.filter((one) => one.zone === zone);
      const expected = zone === undefined || near.length === 0 ? sound : near;
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    }),
  );
});

const life = (id: string): Life => ({ id, made: 1 });

test("whoever fails so often in a row is left out for longer each time, and never too many at once", () => {
  const outliers = new Outliers({ failures: 3, ejectMs: 1_000, maxShare: 0.5 });
  const ids = ["a", "b", "c", "d"];
  outliers.keep(ids.map(life));
  const out = (nowMs: number): string => [...outliers.ejected(ids, nowMs)].toSorted().join("");
  outliers.failed(life("a"), 0);
  outliers.failed(life("a"), 0);
  outliers.succeeded(life("a"), 0, 0);
  outliers.failed(life("a"), 0);
  outliers.failed(life("a"), 0);
  expect(out(0)).toBe("");
  outliers.failed(life("a"), 0);
  expect(out(999)).toBe("a");
  expect(out(1_000)).toBe("");
  for (let k = 0; k < 3; k += 1) outliers.failed(life("a"), 1_000);
  expect(out(2_999)).toBe("a");
  expect(out(3_000)).toBe("");
  for (const id of ids) for (let k = 0; k < 3; k += 1) outliers.failed(life(id), 4_000);
  expect(outliers.ejected(ids, 4_001).size).toBe(2);
  outliers.keep([life("b")]);
  expect(out(4_001)).toBe("b");
  // After an absence it is told only that another has the id.
  outliers.keep([{ id: "b", made: 2 }]);
  expect(out(4_001)).toBe("");
  for (let k = 0; k < 3; k += 1) outliers.failed(life("b"), 4_001);
  expect(out(4_001)).toBe("");
  outliers.keep(ids.map(life));
  for (let k = 0; k < 3; k += 1) outliers.failed(life("a"), 5_000);
  outliers.failed(life("a"), 5_000);
  outliers.failed(life("a"), 5_000);
  outliers.succeeded(life("a"), 4_999, 5_999);
  outliers.failed(life("a"), 6_000);
  expect([out(5_999), out(6_000)]).toEqual(["a", ""]);
  for (let k = 0; k < 2; k += 1) outliers.failed(life("a"), 6_000);
  expect(out(7_999)).toBe("a");
});
