import { performance } from "node:perf_hooks";
import { loadCoord } from "./load-coord.ts";
import type { CoordSources } from "./load-coord.ts";
import { readOptions, usage } from "./options.ts";
import type { Options } from "./options.ts";
import { replay } from "./replay.ts";
import type { Scope } from "./scope.ts";
import { formatSchedule, search } from "./search.ts";
import type { Result } from "./search.ts";

const sayEveryMs = 15_000;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function describe({ name }: Scope, { runs, steps, complete, isComplete, found }: Result): string {
  const end = isComplete ? "complete" : `all with up to ${complete}`;
  if (found === null) return `${name}: ${runs} schedules, ${steps} steps, ${end}`;
  const schedule = formatSchedule(found.schedule);
  return [
    `${name}: ${runs} schedules: broken after ${found.schedule.length} deviations`,
    `  ${found.violation.invariant}: ${JSON.stringify(found.violation.facts)}`,
    `  npm run soak -- exhaustive --recipes --scope ${name} --replay "${schedule}"`,
  ].join("\n");
}

async function run(scope: Scope, sources: CoordSources, { minutes, json }: Options): Promise<boolean> {
  const startMs = performance.now();
  let saidMs = startMs;
  const result = await search(sources, scope, ({ runs, complete }) => {
    const nowMs = performance.now();
    if (nowMs - saidMs >= sayEveryMs) {
      saidMs = nowMs;
      process.stderr.write(`${scope.name}: ${runs} schedules, all with up to ${complete} deviations\n`);
    }
    return nowMs - startMs < minutes * 60_000;
  });
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  if (json) print(JSON.stringify({ scope: scope.name, seconds, ...result }));
  else print(`${describe(scope, result)} (${seconds} s)`);
  return result.found === null;
}

/** Explores the recipes as the arguments say. Returns the exit code. */
export async function exploreRecipes(args: readonly string[]): Promise<number> {
  let asked: Options;
  try {
    asked = readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  if (asked.list) {
    for (const { name, title, budget } of asked.scopes) print(`${name}: ${title} ${JSON.stringify(budget)}`);
    return 0;
  }
  const sources = await loadCoord();
  const [first] = asked.scopes;
  if (asked.replay !== null && first !== undefined)
    return (await replay(first, sources, asked.replay, print)) ? 0 : 1;
  let isSound = true;
  for (const scope of asked.scopes) if (!(await run(scope, sources, asked))) isSound = false;
  return isSound ? 0 : 1;
}
