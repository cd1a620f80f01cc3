import type { CoordSources } from "./load-coord.ts";
import type { Deviation, Scope } from "./scope.ts";
import { World } from "./world.ts";

/**
 * Does what a schedule says, telling of each step.
 * @returns true when nothing was broken
 * @throws RangeError when a step cannot be done
 */
export async function replay(
  scope: Scope,
  sources: CoordSources,
  schedule: readonly Deviation[],
  print: (line: string) => void,
): Promise<boolean> {
  const world = new World(sources, scope);
  const { violation } = await world.run(schedule, {
    step: (step, text, isDeviation) =>
      print(`${String(step).padStart(4)} ${world.time.nowMs} ${isDeviation ? "* " : "  "}${text}`),
    told: (text) => print(`              ${text()}`),
  });
  if (violation === null) return true;
  print(`${violation.invariant}: ${JSON.stringify(violation.facts)}`);
  return false;
}
