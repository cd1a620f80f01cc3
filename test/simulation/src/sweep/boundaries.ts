import type { Fault, Plan } from "../plan/plan.ts";
import { runPlan } from "../runner/run-plan.ts";
import type { Scenario } from "./scenarios.ts";
import { scenarios } from "./scenarios.ts";

/** A scenario in which the member that writes loses its power at one boundary of a write. */
export interface SweptPlan {
  readonly scenario: string;
  /** Counts from 1, over all members: a synced write begins, or is durable. */
  readonly boundary: number;
  readonly plan: Plan;
}

/** The scenario with a crash at a boundary. Up to there it happens the same way wherever that is. */
function crashAt(plan: Plan, boundary: number): Plan {
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

/** Every `every`th boundary of each scenario; which ones differs from scenario to scenario. */
export async function sweptPlans(every: number): Promise<SweptPlan[]> {
  const found: SweptPlan[] = [];
  for (const [position, scenario] of scenarios.entries()) {
    const boundaries = await countBoundaries(scenario);
    for (let boundary = 1 + ((position * 37) % every); boundary <= boundaries; boundary += every)
      found.push({ scenario: scenario.name, boundary, plan: crashAt(scenario.plan, boundary) });
  }
  return found;
}
