import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "../../mutants/src/catalog/index.ts";
import { mutatedFiles } from "../../mutants/src/edit.ts";
import { explore } from "../src/explore.ts";
import { loadCore } from "../src/load-core.ts";
import { replay } from "../src/replay.ts";
import type { Rare } from "../src/scope.ts";
import { scopeOf } from "../src/scopes.ts";

const root = join(import.meta.dirname, "../../..");

function sourceOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

type Budget = Partial<Record<Rare, number>>;

/** Known bugs, where they are found, and what is broken then. */
const planted: readonly (readonly [id: string, name: string, budget: Budget, invariant: string])[] = [
  ["R08", "elections", { timeout: 2 }, "ElectionSafety"],
  ["R27", "log", { propose: 1, hold: 1 }, "DurableBeforeAck"],
  ["R32", "calm-transfer", { timeout: 1, isolate: 1, propose: 1, read: 1 }, "ReadsAreCurrent"],
  ["R37", "leases-transfer", { transfer: 1, read: 1 }, "LeaseDiscipline"],
  ["R39", "calm-writes", { propose: 1, timeout: 1, isolate: 1, heal: 1, hold: 1 }, "AppliedWithinDurable"],
  ["M04", "calm-members", { change: 1, timeout: 1, isolate: 1, heal: 1 }, "EffectiveAtAppend"],
  ["S08", "calm-learner", { change: 1, isolate: 1, heal: 1, snapshot: 1 }, "EffectiveAtAppend"],
];

test.each(planted)(
  "a planted bug is found, and its schedule breaks the same again: %s",
  async (id, name, budget, invariant) => {
    const mutant = mutants.find((one) => one.id === id);
    if (mutant === undefined) throw new Error(`there is no mutant ${id}`);
    const core = await loadCore(mutatedFiles(mutant, sourceOf));
    const scope = { ...scopeOf(name), budget };
    const { found } = explore(scope, core, { maxStates: 50_000, goesOn: () => true });
    expect(found?.violation.invariant).toBe(invariant);
    const lines: string[] = [];
    expect(replay(scope, core, found?.schedule ?? [], (line) => lines.push(line))).toBe(false);
    expect(lines.at(-1)).toMatch(new RegExp(`^${invariant}: `));
  },
);
