import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { silentLogger } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";
import { expect, onTestFinished, test, vi } from "vitest";
import { encodeConfiguration } from "../../src/core/config/config-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { Budget } from "../../src/core/log/window.ts";
import { ConfigHistory, foundingMark } from "../../src/storage/config-history.ts";
import { recoverLog } from "../../src/storage/log-recovery.ts";
import { LogStore } from "../../src/storage/log-store.ts";
import { bornTail } from "../../src/storage/records.ts";
import { RunDirectory } from "../../src/storage/run-directory.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import {
  configuration,
  contents,
  DiskFixture,
  entries,
  entry,
  founders,
  oneEntry,
  task,
  within,
} from "./disk-fixture.ts";

const resetConfig = { index: 1, payload: encodeConfiguration(configuration) };

/** What the log should be: a base, and the terms of the entries after it. */
interface Model {
  base: { index: number; term: number };
  terms: number[];
  commit: number;
}

// Lengths that follow from the place alone, so that a small entry often stands behind one that does not fit.
const filler = "x".repeat(300);

function sized(index: number, term: number): Entry {
  return entry(index, term, `${index}@${term} ${filler.slice(0, (index * index * 7) % 300)}`);
}

type Action =
  | { readonly type: "append"; readonly count: number; readonly newTerm: boolean }
  | { readonly type: "truncate"; readonly back: number; readonly count: number }
  | { readonly type: "compact"; readonly by: number }
  | { readonly type: "reset"; readonly ahead: number; readonly count: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      count: fc.integer({ min: 0, max: 6 }),
      newTerm: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("truncate" as const), back: fc.nat(8), count: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("compact" as const), by: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("reset" as const),
      ahead: fc.integer({ min: 1, max: 5 }),
      count: fc.nat(3),
    }),
  },
);

function lastOf({ base, terms }: Model): { index: number; term: number } {
  return { index: base.index + terms.length, term: terms.at(-1) ?? base.term };
}

async function perform(log: LogStore, model: Model, step: Action): Promise<void> {
  const last = lastOf(model);
  const make = (from: number, count: number, term: number) => {
    const made = Array.from({ length: count }, (_, k) => sized(from + k, term));
    model.terms.push(...made.map(() => term));
    return made;
  };
  switch (step.type) {
    case "append":
      return log.append(
        task({ entries: make(last.index + 1, step.count, Math.max(1, last.term + (step.newTerm ? 1 : 0))) }),
      );
    case "truncate": {
      const from = Math.max(model.base.index + 1, last.index + 1 - step.back);
      model.terms.length = from - 1 - model.base.index;
      return log.append(task({ truncateFrom: from, entries: make(from, step.count, last.term + 1) }));
    }
    case "compact": {
      const by = Math.min(step.by, model.terms.length);
      const removed = model.terms.splice(0, by);
      model.base = { index: model.base.index + by, term: removed.at(-1) ?? model.base.term };
      return log.compactTo(model.base);
    }
    case "reset": {
      const base = { index: last.index + step.ahead, term: last.term + 1 };
      model.base = base;
      model.terms = [];
      const change = task({
        reset: base,
        entries: make(base.index + 1, step.count, base.term),
        commit: base.index,
      });
      return log.append({ ...change, resetConfig });
    }
  }
}

function expected({ base, terms }: Model): string[] {
  return terms.map((term, k) => `${base.index + 1 + k}@${term}`);
}

function expectSame(log: LogStore, model: Model): void {
  expect(contents({ log })).toEqual(expected(model));
  expect(log.last).toEqual(lastOf(model));
  expect(log.term(lastOf(model).index)).toBe(lastOf(model).term);
  expect(log.read(model.base.index, oneEntry)).toBe("compacted");
  for (let { index } = model.base; index < log.last.index; index += 1)
    expect(read(log, index + 1, budget)).toEqual(fitting(model, index + 1, budget));
}

const budget = { maxBytes: 400, maxEntries: 5 };

function read(log: LogStore, from: number, budget: Budget): string[] {
  const found = log.read(from, budget);
  return found === "compacted" ? [] : found.map(({ index, term }) => `${index}@${term}`);
}

/** The first entry, and those right behind it that fit as well. */
function fitting({ base, terms }: Model, from: number, { maxBytes, maxEntries }: Budget): string[] {
  const found: string[] = [];
  let bytes = 0;
  for (const [k, term] of terms.entries()) {
    const index = base.index + 1 + k;
    if (index < from) continue;
    bytes += sized(index, term).frame.length;
    if (found.length === maxEntries || (found.length > 0 && bytes > maxBytes)) break;
    found.push(`${index}@${term}`);
  }
  return found;
}

test("the log equals a plain list after any sequence of batches", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const disk = new DiskFixture();
      const { log } = await disk.open();
      const model: Model = { base: { index: 0, term: 0 }, terms: [], commit: 0 };
      for (const step of actions) {
        await disk.run(perform(log, model, step));
        expectSame(log, model);
      }
      await disk.run(log.close());
    }),
    { numRuns: 150 },
  );
});

test("the same on LevelDB, also when it is opened again and again", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "flotilla-log-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(action, { maxLength: 8 }), { maxLength: 4 }), async (lives) => {
      runs += 1;
      const host = realHost({ directory: path.join(folder, `${runs}`), logger: silentLogger });
      const born = await openStorage({ host, cluster: "c", id: "a", bootstrap: founders, onFailure: fail });
      // A node enters a term before it appends of it.
      await born.log.append(task({ hardState: { term: 1000, vote: null } }));
      await born.log.close();
      const model: Model = { base: { index: 0, term: 0 }, terms: [], commit: 0 };
      for (const actions of lives) {
        const store = await host.disk.openStore("log");
        await using log = new LogStore(store, await recoverLog(store), fail);
        expectSame(log, model);
        for (const step of actions) {
          await perform(log, model, step);
          expectSame(log, model);
        }
        // What was given up is durable with the next batch.
        await log.append(task({}));
      }
    }),
    { numRuns: 15 },
  );
});

function fail(error: unknown): void {
  throw error;
}

test("reads take at least one entry and as many as fit", async () => {
  const disk = new DiskFixture();
  const { log } = await disk.open();
  const written = [1, 2, 3, 4, 5, 6].map((index) => entry(index, 1));
  await disk.run(log.append(task({ entries: written.slice(0, 3) })));
  await disk.run(log.append(task({ entries: written.slice(3) })));
  const size = (written[2]?.frame.length ?? 0) + (written[3]?.frame.length ?? 0);
  expect(log.read(3, within(0))).toHaveLength(1);
  expect(log.read(3, within(size))).toHaveLength(2);
  expect(log.read(3, within(size - 1))).toHaveLength(1);
  expect(log.read(2, within(1_000_000))).toHaveLength(5);
});

/** A log in runs of so many entries each, and how often its store was asked for one. */
async function inRuns(runs: number, perRun: number): Promise<{ log: LogStore; asked: () => number }> {
  const disk = new DiskFixture();
  const store = await disk.run(disk.host.disk.openStore("counted"));
  const getSync = vi.spyOn(store, "getSync");
  const state = { tail: bornTail, runs: new RunDirectory(), configs: new ConfigHistory(foundingMark, []) };
  const log = new LogStore(store, state, fail);
  for (let k = 0; k < runs; k += 1)
    await disk.run(log.append(task({ entries: entries(k * perRun + 1, (k + 1) * perRun, 1) })));
  return { log, asked: () => getSync.mock.calls.length };
}

test("several that read at once ask the store for each run once, and get no more entries than they can use", async () => {
  const [runs, perRun] = [5, 100];
  const { log, asked } = await inRuns(runs, perRun);
  const readers = [1, 1, 151];
  let shortest = 7;
  while (readers.some((next) => next <= log.last.index)) {
    for (const [reader, next] of readers.entries()) {
      if (next > log.last.index) continue;
      const found = log.read(next, { maxBytes: 1 << 20, maxEntries: 7 });
      const expected = Math.min(7, log.last.index + 1 - next);
      expect(found).toHaveLength(expected);
      readers[reader] = next + expected;
      shortest = Math.min(shortest, expected);
    }
  }
  expect(shortest).toBeLessThan(7);
  expect(asked()).toBe(runs);
});

test("a read looks few runs up, and goes on where it stopped", async () => {
  const { log, asked } = await inRuns(200, 1);
  let next = 1;
  for (let reads = 1; next <= log.last.index; reads += 1) {
    const found = log.read(next, within(1 << 20));
    expect(found.length).toBeGreaterThan(0);
    next += found.length;
    expect(asked()).toBeLessThanOrEqual(reads * 64);
  }
  expect(asked()).toBe(200);
});

test("committed entries are never truncated", async () => {
  const disk = new DiskFixture();
  const { log } = await disk.open();
  await disk.run(log.append(task({ entries: [entry(1, 1), entry(2, 1)], commit: 2 })));
  await expect(disk.run(log.append(task({ truncateFrom: 2 })))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_INTERNAL",
  });
});
