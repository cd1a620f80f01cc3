import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makePlan, readPlan } from "../src/index.ts";
import type { WorldLine } from "../src/index.ts";
import { Lane } from "../src/runner/pool.ts";
import { inOne, program, runSim } from "./_support/run-sim.ts";

const timeout = 900_000;

// One process for all of them, as with `inOne`.
const lane = new Lane(program);
const folder = mkdtempSync(join(tmpdir(), "flotilla-worlds-"));
afterAll(() => {
  lane.close();
  rmSync(folder, { recursive: true });
});

async function runSeeds(first: number, count: number): Promise<WorldLine[]> {
  const worlds: WorldLine[] = [];
  for (let seed = first; seed < first + count; seed += 1) worlds.push((await lane.run(makePlan(seed))).line);
  return worlds;
}

/** What to read when a chunk fails. */
function failures(worlds: readonly WorldLine[]): string[] {
  return worlds.flatMap(({ seed, violations }) =>
    violations.map(({ invariant, message }) => `npm run sim -- --seed ${seed}: ${invariant}: ${message}`),
  );
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const corpus = join(import.meta.dirname, "../corpus");
const plans = readdirSync(corpus).map((file) => {
  const plan = readPlan(readFileSync(join(corpus, file), "utf8"));
  return { file, plan, why: plan.why ?? "" };
});

const chunks: readonly number[] = [100, 200, 300, 400, 500];
const worldsPerChunk = 8;
const hashes = new Map<number, string>();

describe("whole clusters under faults", () => {
  test.each(chunks)(
    "keep every promise in the worlds from seed %i on",
    async (first) => {
      const worlds = await runSeeds(first, worldsPerChunk);
      expect(failures(worlds)).toEqual([]);
      for (const { seed, traceHash } of worlds) hashes.set(seed, traceHash);
      for (const { ops, simulatedMs, faults } of worlds) {
        expect(ops).toBeGreaterThanOrEqual(500);
        expect(simulatedMs).toBeGreaterThanOrEqual(60_000);
        expect(sum(Object.values(faults))).toBeGreaterThanOrEqual(8);
        expect(Object.values(faults).filter((each) => each > 0).length).toBeGreaterThanOrEqual(3);
      }
      expect(sum(worlds.map(({ leaderChanges }) => leaderChanges))).toBeGreaterThanOrEqual(worldsPerChunk);
      expect(sum(worlds.map(({ expiries }) => expiries))).toBeGreaterThanOrEqual(worldsPerChunk);
    },
    timeout,
  );

  test(
    "happen the same way again, in another process",
    async () => {
      const args = ["--seed", "100", "--runs", "4", ...inOne, "--json"];
      const { code, lines, errors } = await runSim(args);
      expect(code, errors).toBe(0);
      const worlds = lines.slice(0, -1).map((line) => JSON.parse(line) as WorldLine);
      expect(worlds.map(({ seed }) => seed)).toEqual([100, 101, 102, 103]);
      for (const { seed, traceHash } of worlds) expect(traceHash, `seed ${seed}`).toBe(hashes.get(seed));
      const printed = await runSim(["--seed", "200", "--print-plan"]);
      const file = join(folder, "plan.json");
      writeFileSync(file, printed.lines.join("\n"));
      const replayed = await runSim(["--plan", file, "--json"]);
      const line = JSON.parse(replayed.lines.at(-1) ?? "null") as WorldLine;
      expect(line.traceHash).toBe(hashes.get(200));
      expect(replayed.code).toBe(0);
    },
    timeout,
  );
});

describe("worlds that once went wrong", () => {
  test.each(plans)("$file: $why", { timeout: 300_000 }, async ({ plan, why }) => {
    expect(why).not.toBe("");
    expect((await lane.run(plan)).line.violations).toEqual([]);
  });
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
