import fc from "fast-check";
import { expect, test } from "vitest";
import { Applier } from "../../src/node/applier.ts";
import type { Command } from "../../src/node/state-machine.ts";
import { settle } from "../../src/node/settings.ts";
import { DiskFixture, entries, entry } from "../storage/disk-fixture.ts";
import { Counter } from "./counter.ts";

type Action =
  | { readonly type: "task"; readonly count: number }
  | { readonly type: "run" }
  | { readonly type: "restore"; readonly beyond: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant("task" as const), count: fc.integer({ min: 1, max: 12 }) }),
  { weight: 3, arbitrary: fc.record({ type: fc.constant("run" as const) }) },
  fc.record({ type: fc.constant("restore" as const), beyond: fc.nat(5) }),
);

/** `count` numbers after `before`. */
function after(before: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => before + 1 + k);
}

/** What is in the list once the entries up to one place are; the first of them is no command. */
function upTo(index: number): string[] {
  return after(0, index).slice(1).map(String);
}

interface Bounds {
  readonly maxApplyEntries: number;
  readonly snapshotEntries: number;
}

/** An applier beside the numbers of the last entry handed to it and of the last one that must be in the state. */
class Model {
  readonly #list = new Counter();
  readonly #applier: Applier;
  readonly #bounds: Bounds;
  #seen: number[] = [];
  #handed = 0;
  #applied = 0;

  private constructor(applier: (list: Counter, onApply: (index: number) => void) => Applier, bounds: Bounds) {
    this.#bounds = bounds;
    this.#applier = applier(this.#list, (index) => void this.#seen.push(index));
  }

  static async open(bounds: Bounds): Promise<Model> {
    const disk = new DiskFixture();
    const storage = await disk.open();
    const { snapshotEntries, maxApplyEntries } = bounds;
    const fixed = { host: disk.host, id: "a", cluster: "test", snapshotEntries, limits: { maxApplyEntries } };
    return new Model((stateMachine, onApply) => {
      const observer = { onApply: ({ index }: { readonly index: number }) => onApply(index) };
      return new Applier(settle({ ...fixed, stateMachine, observer }), storage);
    }, bounds);
  }

  perform(step: Action): void {
    if (step.type === "restore") this.#restore(step.beyond);
    else if (step.type === "run" && this.#applier.busy) this.#run();
    else if (step.type === "task" && !this.#applier.busy) this.#take(step.count);
    expect(this.#applier.busy).toBe(this.#applied < this.#handed);
    expect(this.#applier.appliedIndex).toBe(this.#applied);
    expect(this.#list.applied).toEqual(upTo(this.#applied));
  }

  #take(count: number): void {
    this.#applier.take(after(this.#handed, count).map((index) => entry(index, 1, String(index))));
    this.#handed += count;
  }

  #run(): void {
    const { results } = this.#applier.run();
    const due = after(this.#applied, results.length);
    this.#applied += results.length;
    expect(this.#seen.splice(0)).toEqual(due);
    expect(results.length).toBeGreaterThan(0);
    expect(results.length).toBeLessThanOrEqual(this.#bounds.maxApplyEntries);
    const isDue = due.some((index) => index % this.#bounds.snapshotEntries === 0);
    expect(this.#applier.isSnapshotDue).toBe(isDue);
    if (isDue) this.#applier.snapshotTaken();
  }

  /** What is handed out is committed, and a snapshot is news only beyond that. */
  #restore(beyond: number): void {
    this.#handed += 1 + beyond;
    this.#applied = this.#handed;
    const state = upTo(this.#handed);
    this.#applier.restore(() => (this.#list.applied = state), { index: this.#handed, term: 1 }, 1);
  }
}

test.each([
  [10, [1, 1, 1, 1, 1, 1, 1, 1]],
  [1.5, [3, 3, 2]],
  [0.1, [8]],
])(
  "a slice of entries that take %f ms each ends with the one that used up its time",
  async (eachMs, slices) => {
    const disk = new DiskFixture();
    const storage = await disk.open();
    let nowMs = 0;
    class Slow extends Counter {
      override apply(command: Command): number {
        nowMs += eachMs;
        return super.apply(command);
      }
    }
    const host = { ...disk.host, clock: { ...disk.host.clock, now: () => nowMs } };
    const applier = new Applier(
      settle({ host, id: "a", cluster: "test", stateMachine: new Slow() }),
      storage,
    );
    applier.take(entries(2, 9, 1));
    const applied: number[] = [];
    while (applier.busy) applied.push(applier.run().results.length);
    expect(applied).toEqual(slices);
  },
);

test("whatever comes between its slices, the state is that of all entries up to the newest applied", async () => {
  const bounds = fc.record({
    maxApplyEntries: fc.integer({ min: 1, max: 8 }),
    snapshotEntries: fc.integer({ min: 2, max: 15 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), bounds, async (actions, given) => {
      const model = await Model.open(given);
      for (const step of actions) model.perform(step);
    }),
    { numRuns: 200 },
  );
});
