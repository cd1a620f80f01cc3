import type { Fault, Plan } from "../plan/plan.ts";
import { runPlan } from "../runner/run-plan.ts";
import type { Scenario } from "./scenarios.ts";
import { logScenarios, scenarios } from "./scenarios.ts";

/** A scenario in which the member that writes loses its power at one boundary of a write. */
export interface SweptPlan {
  readonly scenario: string;
  /** Counts from 1, over all members: a synced write begins, or is durable. */
  readonly boundary: number;
  readonly plan: Plan;
}

/** The scenario with a crash at a boundary. Up to there it happens the same way wherever that is. */
export function crashAt(plan: Plan, boundary: number): Plan {
  const crash: Fault = {
    atMs: 0,
    when: { moment: "write", hit: boundary, patienceMs: plan.config.loadMs * 2 },
    kind: "crash",
    target: "here",
    durMs: 700,
    args: { key: plan.faults.length, powerOff: true },
  };
  return { ...plan, faults: [...plan.faults, crash] };
}

/** How many boundaries of writes a scenario has when nothing crashes there. */
async function countBoundaries({ plan, name }: Scenario): Promise<number> {
  const { moments, violations } = await runPlan(crashAt(plan, Number.MAX_SAFE_INTEGER));
  if (violations.length > 0) throw new Error(`${name} fails by itself: ${JSON.stringify(violations)}`);
  return moments["write"] ?? 0;
}

/** Which boundaries of which scenarios. */
export interface SweepTerms {
  /** Every so manieth boundary of each scenario; which ones differs from scenario to scenario. */
  readonly every: number;
  /** Below `every`: the same sweep with each number from 0 on meets every boundary once. */
  readonly part: number;
}

/** Those of `count` boundaries, from 1 on, that a sweep meets in the scenario at `position`. */
export function boundariesOf(count: number, position: number, { every, part }: SweepTerms): number[] {
  const found: number[] = [];
  for (let boundary = 1 + ((position * 37 + part) % every); boundary <= count; boundary += every)
    found.push(boundary);
  return found;
}

/** The worlds of a sweep. */
export async function sweptPlans(terms: SweepTerms & { readonly raft: boolean }): Promise<SweptPlan[]> {
  const found: SweptPlan[] = [];
  for (const [position, scenario] of (terms.raft ? logScenarios : scenarios).entries()) {
    const count = await countBoundaries(scenario);
    for (const boundary of boundariesOf(count, position, terms))
      found.push({ scenario: scenario.name, boundary, plan: crashAt(scenario.plan, boundary) });
  }
  return found;
}
