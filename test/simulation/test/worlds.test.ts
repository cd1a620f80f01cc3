import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import type { Summary, WorldLine } from "../src/index.ts";
import { runSim } from "./_support/run-sim.ts";

const timeout = 900_000;

interface Outcome {
  readonly code: number | null;
  readonly worlds: readonly WorldLine[];
  readonly summary: Summary;
}

async function runSeeds(first: number, count: number): Promise<Outcome> {
  const jobs = String(Math.min(2, availableParallelism()));
  const { code, lines, errors } = await runSim([
    "--seed",
    String(first),
    "--runs",
    String(count),
    "--jobs",
    jobs,
    "--json",
  ]);
  const parsed = lines.map((line): unknown => JSON.parse(line));
  const summary = parsed.pop() as Summary | undefined;
  if (summary === undefined) throw new Error(`the runner said nothing: ${errors}`);
  return { code, worlds: parsed as WorldLine[], summary };
}

/** What to read when a chunk fails. */
function failures(worlds: readonly WorldLine[]): string[] {
  return worlds.flatMap(({ seed, violations }) =>
    violations.map(({ invariant, message }) => `npm run sim -- --seed ${seed}: ${invariant}: ${message}`),
  );
}

const chunks: readonly number[] = [100, 200, 300, 400, 500];
const worldsPerChunk = 8;
const hashes = new Map<number, string>();

describe("whole clusters under faults", () => {
  test.each(chunks)(
    "keep every promise in the worlds from seed %i on",
    async (first) => {
      const { code, worlds, summary } = await runSeeds(first, worldsPerChunk);
      expect(failures(worlds)).toEqual([]);
      expect(code).toBe(0);
      for (const { seed, traceHash } of worlds) hashes.set(seed, traceHash);
      expect(summary.runs).toBe(worldsPerChunk);
      for (const { ops, simulatedMs, faults } of worlds) {
        expect(ops).toBeGreaterThanOrEqual(500);
        expect(simulatedMs).toBeGreaterThanOrEqual(60_000);
        expect(Object.values(faults).reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(8);
        expect(Object.values(faults).filter((each) => each > 0).length).toBeGreaterThanOrEqual(3);
      }
      expect(summary.leaderChanges).toBeGreaterThanOrEqual(worldsPerChunk);
      expect(summary.expiries).toBeGreaterThanOrEqual(worldsPerChunk);
    },
    timeout,
  );

  test(
    "happen the same way again",
    async () => {
      const again = await runSeeds(100, 4);
      for (const { seed, traceHash } of again.worlds)
        expect(traceHash, `seed ${seed}`).toBe(hashes.get(seed));
      const replayed = await runSim(["--seed", "200", "--json"]);
      const line = JSON.parse(replayed.lines.at(-1) ?? "null") as WorldLine;
      expect(line.traceHash).toBe(hashes.get(200));
    },
    timeout,
  );
});

test("a wrong option is refused with a hint at the right ones", async () => {
  const { code, errors } = await runSim(["--runs", "many"]);
  expect(code).toBe(2);
  expect(errors).toContain("--runs: expected a whole number");
  // Nothing that was run is no good run.
  expect((await runSim(["--runs", "0"])).code).toBe(2);
  expect((await runSim(["--soak", "--minutes", "0"])).code).toBe(2);
  expect(errors).toContain("usage:");
});
