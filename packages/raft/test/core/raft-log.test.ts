import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import { RaftLog } from "../../src/core/log/raft-log.ts";
import { Window } from "../../src/core/log/window.ts";
import { founded, MemoryDisk } from "./member.ts";

function entry(index: number, term: number): Entry {
  return encodeEntry({ index, term, timeMs: index, kind: "command", payload: new Uint8Array(10) });
}

interface Model {
  terms: number[];
  commit: number;
  durable: number;
  /** Terms in the write under way, by index, as they were handed out. */
  writing: ReadonlyMap<number, number> | null;
}

const budget = { maxBytes: 100, maxEntries: 100 };
const action = fc.record({
  type: fc.constantFrom("append", "append", "truncate", "begin", "done", "commit", "apply", "compact"),
  by: fc.integer({ min: 0, max: 5 }),
});

class Pair {
  readonly disk: MemoryDisk = new MemoryDisk(founded(["a"]));
  readonly log: RaftLog = new RaftLog(this.disk.recover(), this.disk);
  readonly model: Model = { terms: [], commit: 0, durable: 0, writing: null };
  term = 1;
  #write: ReturnType<RaftLog["beginWrite"]> | null = null;

  append(by: number): void {
    const { log, model } = this;
    this.term += by === 0 ? 1 : 0;
    const entries = Array.from({ length: by }, (_, k) => entry(model.terms.length + 1 + k, this.term));
    log.append(entries);
    model.terms.push(...entries.map(({ term }) => term));
  }

  truncate(by: number): void {
    const { log, model } = this;
    const index = Math.max(model.commit + 1, model.terms.length - by);
    log.truncateFrom(index);
    model.terms.length = Math.min(model.terms.length, index - 1);
    model.durable = Math.min(model.durable, model.terms.length);
    const { writing } = model;
    if (writing !== null) model.writing = new Map([...writing].filter(([at]) => at < index));
    this.term += 1;
  }

  begin(): void {
    const { log, model } = this;
    if (!log.hasWrite) return;
    this.#write = log.beginWrite(100);
    model.writing = new Map(this.#write.entries.map(({ index, term }) => [index, term]));
  }

  done(): void {
    const { log, model, disk } = this;
    const write = this.#write;
    if (write === null) return;
    this.#write = null;
    disk.write({ ...write, seq: 0, hardState: null, commit: 0 });
    log.writeDone(60);
    model.durable = Math.max(model.durable, ...(model.writing?.keys() ?? []));
    model.writing = null;
  }

  commit(by: number): void {
    const { log, model } = this;
    model.commit = Math.min(model.commit + by, model.terms.length);
    log.commitTo(model.commit);
  }

  apply(): void {
    const { log, model } = this;
    if (!log.hasApply) return;
    const from = log.applied + 1;
    const entries = log.beginApply(100, 100);
    expect(entries.map(({ index, term }) => [index, term])).toEqual(
      entries.map((_, k) => [from + k, model.terms[from + k - 1]]),
    );
    const last = entries.at(-1)?.index ?? 0;
    expect(last).toBeLessThanOrEqual(Math.min(model.commit, model.durable));
    log.applyDone(last);
  }

  compact(by: number): void {
    const { log, disk } = this;
    const term = log.term(log.applied);
    if (log.applied === 0 || term === null) return;
    log.snapshotSaved({ index: log.applied, term });
    const boundary = log.compactTo(log.applied - by);
    if (boundary !== null && boundary.index > disk.compacted.index) disk.compactTo(boundary);
  }

  check(): void {
    const { log, model } = this;
    expect([log.last.index, log.commit, log.durable]).toEqual([
      model.terms.length,
      model.commit,
      model.durable,
    ]);
    for (let index = log.compacted.index; index <= model.terms.length; index += 1) {
      expect(log.term(index)).toBe(index === 0 ? 0 : model.terms[index - 1]);
    }
    expect(log.term(model.terms.length + 1)).toBe(null);
    const read: number[] = [];
    for (let from = log.compacted.index + 1; from <= model.terms.length;) {
      const entries = log.entries(from, model.terms.length, budget) ?? [];
      expect(entries.length).toBeGreaterThan(0);
      read.push(...entries.map(({ term }) => term));
      from += entries.length;
    }
    expect(read).toEqual(model.terms.slice(log.compacted.index));
  }
}

test("the log answers like an array with a durable mark, whatever happens while a write is under way", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const pair = new Pair();
      for (const { type, by } of actions) {
        if (type === "append") pair.append(by);
        else if (type === "truncate") pair.truncate(by);
        else if (type === "begin") pair.begin();
        else if (type === "done") pair.done();
        else if (type === "commit") pair.commit(by);
        else if (type === "apply") pair.apply();
        else pair.compact(by);
        pair.check();
      }
    }),
    { numRuns: 300 },
  );
});

test("the hint names the newest entry that a log could share", () => {
  const terms = fc.array(fc.nat(2), { maxLength: 20 }).map((steps) => {
    let term = 1;
    return steps.map((step) => (term += step));
  });
  fc.assert(
    fc.property(terms, fc.nat(30), fc.integer({ min: 1, max: 50 }), (list, index, term) => {
      const pair = new Pair();
      pair.log.append(list.map((value, k) => entry(k + 1, value)));
      let expected = Math.min(index, list.length);
      while (expected > 0 && (list[expected - 1] ?? 0) > term) expected -= 1;
      expect(pair.log.sharedWith({ index, term })).toEqual({
        index: expected,
        term: list[expected - 1] ?? 0,
      });
    }),
  );
});

test("what is committed is never truncated, and nothing beyond the log is committed", () => {
  const { log } = new Pair();
  log.append([entry(1, 1), entry(2, 1), entry(3, 1)]);
  log.commitTo(2);
  expect(() => log.truncateFrom(2)).toThrow("NeverTruncateCommitted");
  expect(() => log.commitTo(4)).toThrow("CommitWithinLog");
  expect(() => log.append([entry(5, 1)])).toThrow("AppendContiguous");
});

test("a snapshot replaces a log that does not contain it", () => {
  const { log } = new Pair();
  log.append([entry(1, 1), entry(2, 1), entry(3, 1)]);
  expect(log.installSnapshot({ index: 2, term: 2 }, 77)).toBe(true);
  expect(log).toMatchObject({
    last: { index: 2, term: 2 },
    compacted: { index: 2, term: 2 },
    commit: 2,
    applied: 2,
    lastTimeMs: 77,
  });
  expect(log.beginWrite(100)).toEqual({ reset: { index: 2, term: 2 }, truncateFrom: null, entries: [] });
});

test("a snapshot that the log contains costs nothing beyond it", () => {
  const pair = new Pair();
  const { log } = pair;
  log.append([entry(1, 1), entry(2, 1), entry(3, 1)]);
  expect(log.installSnapshot({ index: 2, term: 1 }, 0)).toBe(false);
  expect(log).toMatchObject({ last: { index: 3, term: 1 }, commit: 2, durable: 2 });
  const write = log.beginWrite(100);
  expect(write.reset).toEqual({ index: 2, term: 1 });
  expect(write.entries.map(({ index }) => index)).toEqual([3]);
});

test("what the window hands out fits the budget, also when the same is asked for again after a truncation", () => {
  const size = fc.nat(60);
  const change = fc.record({ cut: fc.nat(4), sizes: fc.array(size, { minLength: 1, maxLength: 5 }) });
  const question = fc.record({
    skip: fc.nat(12),
    last: fc.nat(25),
    maxBytes: fc.nat(300),
    maxEntries: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 5 }), question, (changes, { skip, last, ...budget }) => {
      const window = new Window(1);
      const model: Entry[] = [];
      for (const [k, { cut, sizes }] of changes.entries()) {
        model.length = Math.max(0, model.length - cut);
        window.truncateFrom(model.length + 1);
        for (const bytes of sizes) {
          const payload = new Uint8Array(bytes);
          const next = { index: model.length + 1, term: k + 1, timeMs: 0, kind: "command", payload } as const;
          const added = encodeEntry(next);
          model.push(added);
          window.push(added);
        }
        const from = Math.min(1 + skip, model.length + 1);
        const expected: Entry[] = [];
        let bytes = 0;
        for (const item of model.slice(from - 1, last)) {
          bytes += item.frame.length;
          if (expected.length === budget.maxEntries) break;
          if (expected.length > 0 && bytes > budget.maxBytes) break;
          expected.push(item);
        }
        const taken = window.take(from, last, budget);
        expect(taken.length).toBe(expected.length);
        for (const [position, item] of taken.entries()) expect(item).toBe(expected[position]);
        expect(window.take(from, last, budget)).toEqual(taken);
      }
    }),
  );
});

test("the window hands out nothing that it has forgotten", () => {
  const window = new Window(1);
  for (let index = 1; index <= 3; index += 1) window.push(entry(index, 1));
  window.forgetTo(2);
  expect(window.take(3, 3, budget).map(({ index }) => index)).toEqual([3]);
  expect(() => window.take(2, 3, budget)).toThrow("EntryHeld");
});
