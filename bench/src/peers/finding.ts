import type { SystemName } from "../clients/open.ts";
import type { WorkloadName } from "./workloads.ts";

/** What one system gave under a workload that is no closed loop. */
export interface Finding {
  readonly workload: WorkloadName;
  readonly system: SystemName;
  /** Which of the workload's parts. */
  readonly what: string;
  /** By name, with the unit in it. */
  readonly figures: Readonly<Record<string, number>>;
}
