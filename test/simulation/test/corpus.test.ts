import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPlan } from "../src/index.ts";
import type { WorldLine } from "../src/index.ts";
import { runSim } from "./_support/run-sim.ts";

const folder = join(import.meta.dirname, "../corpus");
const plans = readdirSync(folder).map((file) => {
  const path = join(folder, file);
  return { file, path, why: readPlan(readFileSync(path, "utf8")).why ?? "" };
});

describe("worlds that once went wrong", () => {
  test.each(plans)("$file: $why", { timeout: 300_000 }, async ({ path, why }) => {
    expect(why).not.toBe("");
    const { code, lines } = await runSim(["--plan", path, "--json"]);
    const { violations } = JSON.parse(lines.at(-1) ?? "null") as WorldLine;
    expect(violations).toEqual([]);
    expect(code).toBe(0);
  });
});
