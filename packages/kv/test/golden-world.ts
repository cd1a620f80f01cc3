import { expect } from "vitest";
import { encodeCommand, Machine } from "../src/index.ts";
import { encodeResult } from "../src/result-codec.ts";
import type { Applied, KvCommand, MachineSnapshot, Usage } from "../src/index.ts";
import { makeCommand } from "./arbitraries.ts";
import type { Step } from "./arbitraries.ts";
import { budgetInfos } from "./golden-budget.ts";
import { GoldenModel } from "./golden-model.ts";
import { holdings } from "./golden-state.ts";
import type { GoldenApplied } from "./golden-state.ts";
import { dump, join, plainEvents, readable, readableEvents } from "./support.ts";

function byId<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function goldenDump(golden: GoldenModel): unknown {
  const { state } = golden;
  return {
    revision: state.revision,
    nodes: golden.paths().map((path) => ({
      path,
      value: state.nodes[path]?.value,
      stat: golden.stat(path),
      acl: state.nodes[path]?.acl,
    })),
    sessions: byId(state.sessions).map(([id, { ttlMs, attach, acked, results }]) => ({
      id,
      ttlMs,
      attach,
      lastSeq: acked + results.length,
      ...holdings(state, id),
    })),
    leases: byId(state.leases).map(([id, lease]) => ({ id, ...lease })),
    results: byId(state.sessions).map(([, { acked, results }]) =>
      results.map((result, at) => [acked + 1 + at, result]),
    ),
  };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function usageOf(golden: GoldenModel, path: string): Usage | null {
  if (!(path in golden.state.nodes)) return null;
  const lengths = [path, ...golden.below(path)].map((each) => golden.state.nodes[each]?.value.length ?? 0);
  return { nodes: lengths.length, bytes: lengths.reduce((sum, length) => sum + length, 0) };
}

/** True for plain data that says the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => isSame(a[key], b[key]));
}

/** As `toEqual`, which is asked only when the two are not the same at a glance: it takes far longer. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isSame(actual, expected)) expect(actual).toEqual(expected);
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

type Answered = Extract<Applied, { type: "answered" }>;

/** Answers are compared as bytes; only one that differs is worth reading. */
function expectSameAnswers(first: Answered, second: Answered, expected: GoldenApplied): void {
  const bytes = first.result;
  if (!isSameBytes(second.result, bytes)) expect(second.result).toEqual(bytes);
  const { session, attach, seq, repeat } = first;
  const isExpected =
    expected.type === "answered" &&
    expected.session === session &&
    expected.attach === attach &&
    expected.seq === seq &&
    expected.repeat === repeat &&
    isSameBytes(bytes, encodeResult(expected.result));
  if (!isExpected) expect(readable(first)).toEqual(expected);
}

function restored(bytes: Uint8Array): Machine {
  const machine = new Machine();
  machine.restore(bytes);
  return machine;
}

/** A second begins after 50 commands, and another one 333 later. */
function timeOf(index: number): number {
  return 999_850 + index * 3;
}

interface Frozen {
  readonly snapshot: MachineSnapshot;
  readonly expected: unknown;
  readonly digest: string;
  /** Commands that came before it. */
  readonly logged: number;
}

interface Logged {
  readonly payload: Uint8Array;
  readonly at: { readonly index: number; readonly timeMs: number };
}

/** The golden model and two machines, one of which goes through a snapshot now and then: they must never differ. */
export class GoldenWorld {
  readonly golden: GoldenModel = new GoldenModel();
  readonly #steady = new Machine();
  #moved = new Machine();
  readonly #frozen: Frozen[] = [];
  readonly #log: Logged[] = [];

  /** Takes a step. Gives the command and what became of it, if it was one. */
  advance(next: Step): { readonly command: KvCommand; readonly applied: GoldenApplied } | null {
    if (next.kind === "restore") {
      this.#moved = restored(join(this.#moved.snapshot().chunks()));
      this.#expectSameDigest();
      return null;
    }
    if (next.kind === "freeze") {
      const snapshot = this.#steady.snapshot();
      const [expected, digest] = [dump(this.#steady), this.#steady.digest()];
      this.#frozen.push({ snapshot, expected, digest, logged: this.#log.length });
      return null;
    }
    const command = makeCommand(next, this.golden.state);
    return { command, applied: this.apply(command) };
  }

  /** Everything that can be seen of all three. */
  expectSameState(): void {
    const expected = goldenDump(this.golden);
    expectSame(dump(this.#steady), expected);
    expectSame(dump(this.#moved), expected);
    const { graceMs, featureLevel } = this.golden.state;
    for (const machine of [this.#steady, this.#moved])
      expectSame([machine.graceMs, machine.featureLevel], [graceMs, featureLevel]);
    for (const machine of [this.#steady, this.#moved])
      expectSame(machine.budgets.page("/", null, 100), {
        budgets: budgetInfos(this.golden.state),
        next: null,
      });
    for (const path of ["/", "/a", "/a/x", "/a-b", "/none"])
      expectSame(this.#moved.usage(path), usageOf(this.golden, path));
    this.#expectSameReapable();
  }

  /** What was frozen is still as it was, and comes to the same state once the later commands are applied to it. */
  expectSameReplay(): void {
    for (const { snapshot, expected, digest, logged } of this.#frozen) {
      const machine = restored(join(snapshot.chunks()));
      expect(machine.digest()).toBe(digest);
      expectSame(dump(machine), expected);
      for (const { payload, at } of this.#log.slice(logged)) machine.apply(payload, at);
      expect(machine.digest()).toBe(this.#steady.digest());
    }
  }

  /** Applies a command to all three. */
  apply(command: KvCommand): GoldenApplied {
    const payload = encodeCommand(command).slice();
    const index = this.#log.length + 1;
    const at = { index, timeMs: timeOf(index) };
    this.#log.push({ payload, at });
    const expected = this.golden.apply(command, at.timeMs);
    const first = this.#steady.apply(payload, at);
    const second = this.#moved.apply(payload, at);
    if (first.type === "answered" && second.type === "answered") expectSameAnswers(first, second, expected);
    else {
      expectSame(first, expected);
      expectSame(second, expected);
    }
    this.#expectSameEvents();
    expectSame(this.#steady.budgets.takeReports(), this.golden.reports);
    this.#expectSameDigest();
    return expected;
  }

  #expectSameEvents(): void {
    const events = this.#steady.takeEvents();
    expectSame(readableEvents(events), this.golden.events);
    expectSame(plainEvents(this.#moved.takeEvents()), plainEvents(events));
    for (const [ordinal, event] of events.entries()) {
      if (event.revision === this.golden.state.revision && event.ordinal === ordinal) continue;
      expect(event).toMatchObject({ revision: this.golden.state.revision, ordinal });
    }
  }

  #expectSameDigest(): void {
    if (this.#moved.digest() !== this.#steady.digest())
      expect(this.#moved.digest()).toBe(this.#steady.digest());
  }

  /** Pages of every size add up to the same nodes, and no page looks at more than it may. */
  #expectSameReapable(): void {
    const timeMs = timeOf(this.#log.length);
    const over = this.golden.paths().filter((path) => this.golden.isOver(path, timeMs));
    const mortals = Object.values(this.golden.state.nodes).filter(
      ({ container, ttlMs }) => container || ttlMs !== null,
    ).length;
    for (const [limit, looks] of [[1, 9] as const, [9, 1] as const, [2, 3] as const]) {
      const found: string[] = [];
      let after: string | null = null;
      let pages = 0;
      do {
        pages += 1;
        const page = this.#moved.reapable({ timeMs, after, limit, looks });
        if (page.paths.length > limit) expect(page.paths.length).toBeLessThanOrEqual(limit);
        found.push(...page.paths);
        after = page.next;
      } while (after !== null);
      expectSame(found, over);
      if (limit >= looks) expectSame(pages, Math.max(1, Math.ceil(mortals / looks)));
    }
  }
}
