import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runScenario } from "./harness/run.ts";

const folder = join(import.meta.dirname, "cases");
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

test.each(files.toSorted())("%s tells what the cores do", { timeout: 60_000 }, async (name) => {
  const file = join(folder, name);
  const text = readFileSync(file, "utf8");
  await expect(runScenario(text)).toMatchFileSnapshot(file);
});
