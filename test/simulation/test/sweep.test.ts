import { expect, test } from "vitest";
import { runSim } from "./_support/run-sim.ts";

interface Swept {
  readonly swept: number;
  readonly failures: readonly unknown[];
}

// The whole sweep has some fourteen thousand worlds.
test(
  "a crash at a write boundary breaks no promise, some in each of ten scenarios",
  { timeout: 900_000 },
  async () => {
    const { code, lines, errors } = await runSim(["--sweep", "450"]);
    const { swept, failures } = JSON.parse(lines.at(-1) ?? errors) as Swept;
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(swept).toBeGreaterThanOrEqual(20);
  },
);
