import { forbidGlobals } from "@flotilla/runtime/sim";
import type { Plan } from "../plan/plan.ts";
import type { WorldResult } from "../world/result.ts";
import { runWorld } from "../world/run-world.ts";
import type { Sabotage } from "../world/world.ts";

/** Runs one world with every way around the ports closed. One at a time in a process. */
export async function runPlan(plan: Plan, sabotage: Sabotage = {}): Promise<WorldResult> {
  const restore = forbidGlobals();
  try {
    return await runWorld(plan, sabotage);
  } finally {
    restore();
  }
}
