import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "../../../mutants/src/catalog/index.ts";
import { mutatedFiles } from "../../../mutants/src/edit.ts";
import { loadCoord } from "../../src/recipes/load-coord.ts";
import { replay } from "../../src/recipes/replay.ts";
import type { Scope } from "../../src/recipes/scope.ts";
import { scopeOf } from "../../src/recipes/scopes/index.ts";
import { search } from "../../src/recipes/search.ts";

const root = join(import.meta.dirname, "../../../..");

/** Known bugs, where they are found, and what is broken then. */
const planted: readonly (readonly [id: string, name: string, budget: Scope["budget"], invariant: string])[] =
  [
    ["C07", "lock-two", { abort: 1 }, "NothingIsLeft"],
    ["C08", "lock-two", { abort: 1 }, "EveryCallSettles"],
    ["C13", "lock-two", { cut: 1 }, "NeverMoreThanThereIs"],
    ["C18", "registry", { hold: 1 }, "EveryChangeIsTold"],
    ["C24", "cron", { stall: 1 }, "OnceATick"],
    ["C29", "keeper-leave", {}, "AllHaveEnded"],
    ["C31", "config", {}, "EveryVersionInOrder"],
    ["K18", "writes", { lose: 1 }, "ReadsOwnWrites"],
    ["K23", "writes", { break: 1 }, "NoUnexpectedError"],
    ["L11", "lease", { cut: 1 }, "HeldUntilGivenBack"],
    ["W05", "watch", { break: 1 }, "EveryChangeIsTold"],
    ["W08", "watch", { crash: 1 }, "EveryChangeIsTold"],
  ];

test.each(planted)(
  "a planted bug is found, and its schedule breaks the same again: %s",
  async (id, name, budget, invariant) => {
    const mutant = mutants.find((one) => one.id === id);
    if (mutant === undefined) throw new Error(`there is no mutant ${id}`);
    const sources = await loadCoord(mutatedFiles(mutant, (file) => readFileSync(join(root, file), "utf8")));
    const scope = { ...scopeOf(name), budget, deviations: 1 };
    const { found } = await search(sources, scope, ({ runs }) => runs < 500);
    expect(found?.violation.invariant).toBe(invariant);
    const lines: string[] = [];
    expect(await replay(scope, sources, found?.schedule ?? [], (line) => lines.push(line))).toBe(false);
    expect(lines.at(-1)).toMatch(new RegExp(`^${invariant}: `));
  },
);
