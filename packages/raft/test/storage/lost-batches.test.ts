import fc from "fast-check";
import { expect, test } from "vitest";
import { contents, DiskFixture, entries, task } from "./disk-fixture.ts";
import { opened } from "./opened.ts";

interface Batch {
  /** Of the newest entries, given up first. */
  readonly cut: number;
  readonly count: number;
  readonly isNewTerm: boolean;
  readonly compact: number;
}

const batch: fc.Arbitrary<Batch> = fc.record({
  cut: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
  ),
  count: fc.nat(4),
  isNewTerm: fc.boolean(),
  compact: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
});

/** A disk to which these batches were written, the last of them marked as durable. */
async function written(batches: readonly Batch[]): Promise<DiskFixture> {
  const disk = new DiskFixture();
  const storage = await disk.open();
  const { log, highWater } = storage;
  let term = 1;
  for (const { cut, count, isNewTerm, compact } of batches) {
    if (isNewTerm || cut > 0) term += 1;
    const from = Math.max(log.base.index, log.last.index - cut) + 1;
    const truncateFrom = from <= log.last.index ? from : null;
    const added = entries(from, from + count - 1, term);
    await disk.run(log.append(task({ truncateFrom, entries: added, hardState: { term, vote: null } })));
    const index = Math.min(log.base.index + compact, log.last.index);
    log.compactTo({ index, term: log.term(index) ?? 0 });
    expect(contents(storage)).toHaveLength(log.last.index - index);
  }
  highWater.note(log.seq);
  await disk.run(highWater.sync());
  await disk.run(log.close());
  disk.powerLoss();
  return disk;
}

test(
  "whatever batches in a row the store lost, all that was durable is found or none",
  { timeout: 600_000 },
  async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 2, maxLength: 8 }), async (batches) => {
        const disk = await written(batches);
        const image = disk.machine.disk.image();
        const whole = await opened(disk);
        for (let length = 1; length <= batches.length; length += 1) {
          for (let kept = 0; kept + length <= batches.length; kept += 1) {
            disk.machine.disk.restore(image);
            disk.machine.disk.loseBatches("log", length, kept);
            const found = await opened(disk);
            expect(["refused", whole], `${length} lost before ${kept}`).toContain(found);
            if (found === "refused") refused += 1;
          }
        }
      }),
      { numRuns: 25 },
    );
    expect(refused).toBeGreaterThan(100);
  },
);
