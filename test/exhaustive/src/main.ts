import { performance } from "node:perf_hooks";
import { explore } from "./explore.ts";
import type { Result } from "./explore.ts";
import { loadCore } from "./load-core.ts";
import type { Core } from "./load-core.ts";
import { readOptions, usage } from "./options.ts";
import type { Options } from "./options.ts";
import { replay } from "./replay.ts";
import { exploreRecipes } from "./recipes/command.ts";
import type { Scope } from "./scope.ts";

const sayEveryMs = 15_000;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function options(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return null;
  }
}

function describe({ name }: Scope, { states, depth, steps, locals, isComplete, found }: Result): string {
  const size = `${states} states, ${locals} of single members, ${steps} steps`;
  const end = isComplete ? `complete, ${depth} deep` : `all that is ${depth} deep`;
  if (found === null) return `${name}: ${size}, ${end}`;
  const schedule = found.schedule.join(",");
  return [
    `${name}: ${size}: broken ${found.schedule.length} deep`,
    `  ${found.violation.invariant}: ${JSON.stringify(found.violation.facts)}`,
    `  npm run soak -- exhaustive --scope ${name} --replay "${schedule}"`,
  ].join("\n");
}

function run(scope: Scope, core: Core, { maxStates, minutes, json }: Options): boolean {
  const startMs = performance.now();
  let saidMs = startMs;
  const result = explore(scope, core, {
    maxStates,
    goesOn: ({ states, depth, locals, bytes }) => {
      const nowMs = performance.now();
      if (nowMs - saidMs >= sayEveryMs) {
        saidMs = nowMs;
        const mib = Math.round(bytes / 2 ** 20);
        process.stderr.write(
          `${scope.name}: ${states} states, ${depth} deep, ${locals} locals, ${mib} MiB\n`,
        );
      }
      return nowMs - startMs < minutes * 60_000;
    },
  });
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  if (json) print(JSON.stringify({ scope: scope.name, seconds, ...result }));
  else print(`${describe(scope, result)} (${seconds} s)`);
  return result.found === null;
}

async function exploreCore(): Promise<number> {
  const asked = options();
  if (asked === null) return 2;
  if (asked.list) {
    for (const { name, title, budget } of asked.scopes) print(`${name}: ${title} ${JSON.stringify(budget)}`);
    return 0;
  }
  const core = await loadCore();
  const [first] = asked.scopes;
  if (asked.replay !== null && first !== undefined) return replay(first, core, asked.replay, print) ? 0 : 1;
  const sound = asked.scopes.map((scope) => run(scope, core, asked));
  return sound.every(Boolean) ? 0 : 1;
}

const args = process.argv.slice(2);
process.exitCode = await (args.includes("--recipes") ? exploreRecipes(args) : exploreCore());
