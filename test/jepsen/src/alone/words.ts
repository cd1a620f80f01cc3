import type { Plan } from "../plan/plan.ts";
import type { RunReport } from "../report/report.ts";
import type { Network } from "../run/open-links.ts";

/** What a process that runs one plan is told. */
export interface Task {
  readonly plan: Plan;
  /** Where everything is left. */
  readonly folder: string;
  readonly network: Network;
}

/** What it says: its faults are over, and what came of it. */
export type Said = { readonly type: "calm" } | { readonly type: "report"; readonly report: RunReport };
