import fc from "fast-check";
import { expect, test } from "vitest";
import { Meter } from "../../src/node/meter.ts";
import { Proposals } from "../../src/node/proposals.ts";

interface Record {
  readonly id: number;
  /** The newest entry applied when it was handed out; null: it waits. */
  outSince: number | null;
  placed: { readonly index: number; readonly term: number } | null;
  expected: string | null;
  outcome: Promise<string>;
}

/** What the documentation of `Placed` and `Dropped` says, with a search through everything for each question. */
class Model {
  readonly proposals: Proposals = new Proposals(new Meter({ now: () => 0 }));
  readonly records: Record[] = [];
  readonly history: Map<number, number> = new Map();
  applied = 0;
  term = 1;

  add(): void {
    const outcome = this.proposals.add(new Uint8Array(1), null).then(
      ({ index, term, result }) => `${index}-${term}-${String(result)}`,
      (error: unknown) => String(Object(error).code),
    );
    const id = this.records.length + 1;
    this.records.push({ id, outSince: null, placed: null, expected: null, outcome });
  }

  handOut(): void {
    const queued = this.records.filter(({ outSince }) => outSince === null);
    const handed = this.proposals.takeEvents().flatMap(({ firstId, payloads }) => {
      return payloads.map((_, k) => firstId + k);
    });
    expect(handed).toEqual(queued.map(({ id }) => id));
    for (const record of queued) record.outSince = this.applied;
  }

  /** Some that were handed out become entries, or go nowhere. */
  settle(skip: number, most: number, ahead: number, kind: "placed" | "certain" | "unknown"): void {
    const open = this.records.filter(({ outSince, placed, expected }) => {
      return outSince !== null && expected === null && (placed === null || kind !== "placed");
    });
    const first = open[skip % Math.max(1, open.length)];
    if (first === undefined) return;
    const firstId = first.id;
    const from = open.indexOf(first);
    const run = open.slice(from, from + most).filter(({ id }, k) => id === firstId + k);
    const count = run.length;
    if (kind === "placed") {
      const least = Math.max(...run.map(({ outSince }) => outSince ?? 0)) + 1;
      const firstIndex = least + ahead;
      this.proposals.placed({ firstId, count, firstIndex, term: this.term });
      for (const record of run) this.#place(record, firstIndex + record.id - firstId);
      return;
    }
    this.proposals.dropped({ firstId, count, certain: kind === "certain" });
    for (const record of run) record.expected = kind === "certain" ? dropped : unknown;
  }

  #place(record: Record, index: number): void {
    record.placed = { index, term: this.term };
    if (index > this.applied) return;
    const term = this.history.get(index);
    if (term === undefined) record.expected = unknown;
    else record.expected = term === this.term ? `${index}-${term}-r${index}` : dropped;
  }

  apply(newTerm: boolean): void {
    const before = this.term;
    if (newTerm) this.term += 1;
    this.applied += 1;
    const { applied: index, term } = this;
    this.history.set(index, term);
    this.proposals.applied({ index, term }, `r${index}`);
    if (newTerm) this.proposals.termApplied(term);
    for (const record of this.#openAt((at) => at === index))
      record.expected = record.placed?.term === term ? `${index}-${term}-r${index}` : dropped;
    if (term === before) return;
    for (const record of this.#openAt(() => true))
      if ((record.placed?.term ?? term) < term) record.expected = dropped;
  }

  passOver(by: number, newTerm: boolean): void {
    if (newTerm) this.term += 1;
    this.applied += by;
    this.proposals.passedOver({ index: this.applied, term: this.term });
    for (const record of this.#openAt((at) => at <= this.applied)) record.expected = unknown;
    for (const record of this.#openAt(() => true))
      if ((record.placed?.term ?? this.term) < this.term) record.expected = dropped;
  }

  async close(): Promise<void> {
    this.proposals.close();
    for (const record of this.records) record.expected ??= record.outSince === null ? dropped : unknown;
    const outcomes = await Promise.all(this.records.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(this.records.map(({ expected }) => expected));
  }

  #openAt(where: (index: number) => boolean): Record[] {
    return this.records.filter(
      ({ placed, expected }) => expected === null && placed !== null && where(placed.index),
    );
  }
}

const dropped = "ERR_FLOTILLA_DROPPED";
const unknown = "ERR_FLOTILLA_UNKNOWN_OUTCOME";

const step = fc.record({
  type: fc.constantFrom(
    "add",
    "add",
    "add",
    "out",
    "placed",
    "placed",
    "placed",
    "drop",
    "apply",
    "apply",
    "pass",
  ),
  a: fc.nat(6),
  b: fc.integer({ min: 1, max: 4 }),
  c: fc.nat(5),
  flag: fc.boolean(),
});

test("every proposal ends as a search through everything says, however placing, applying and terms mix", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const model = new Model();
      for (const { type, a, b, c, flag } of steps) {
        if (type === "add") model.add();
        else if (type === "out") model.handOut();
        else if (type === "placed") model.settle(a, b, c, "placed");
        else if (type === "drop") model.settle(a, b, c, flag ? "certain" : "unknown");
        else if (type === "apply") model.apply(flag && c === 0);
        else model.passOver(b, flag);
      }
      await model.close();
    }),
    { numRuns: 500 },
  );
});
