import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "../../mutants/src/catalog/index.ts";
import { mutatedFiles } from "../../mutants/src/edit.ts";
import { explore } from "../src/explore.ts";
import { loadCore } from "../src/load-core.ts";
import { replay } from "../src/replay.ts";
import { scopeOf } from "../src/scopes.ts";

const root = join(import.meta.dirname, "../../..");

function sourceOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** Known bugs, where they are found, and what is broken then. */
const planted = [
  ["R01", "elections", "DurableBeforeSend"],
  ["R26", "elections", "DurableBeforeSend"],
] as const;

test.each(planted)(
  "a planted bug is found, and its schedule breaks the same again: %s",
  async (id, name, invariant) => {
    const mutant = mutants.find((one) => one.id === id);
    if (mutant === undefined) throw new Error(`there is no mutant ${id}`);
    const core = await loadCore(mutatedFiles(mutant, sourceOf));
    const scope = scopeOf(name);
    const { found } = explore(scope, core, { maxStates: 100_000, goesOn: () => true });
    expect(found?.violation.invariant).toBe(invariant);
    const lines: string[] = [];
    expect(replay(scope, core, found?.schedule ?? [], (line) => lines.push(line))).toBe(false);
    expect(lines.at(-1)).toMatch(new RegExp(`^${invariant}: `));
  },
);
