import { keyedRandom } from "@flotilla/runtime/sim";
import { between } from "./draw.ts";
import { makePlan } from "./make-plan.ts";
import type { Fault, FaultKind, Plan, WorldConfig } from "./plan.ts";

const smallBatchBytes = 1000;
const clientKinds: ReadonlySet<FaultKind> = new Set(["client-cut", "client-crash", "client-drift"]);

/**
 * The world of a seed for the log alone: the cluster, times, bounds and faults of `makePlan`, but for those that
 * strike clients, and registers on each member's log in the place of the product.
 */
export function makeLogPlan(seed: number): Plan {
  const plan = makePlan(seed);
  const lanes = between(keyedRandom(seed, "plan").fork("log-lanes"), 2, 5);
  const faults = plan.faults.filter(({ kind }) => !clientKinds.has(kind)).map(onMembers);
  return { ...plan, clients: [], logAlone: { lanes }, config: withSmallBatches(plan.config), faults };
}

/** Where little may be held in memory, a single message that brings a member up to date must not be all of it. */
function withSmallBatches(config: WorldConfig): WorldConfig {
  const { limits } = config;
  return limits.maxUnstableBytes === undefined
    ? config
    : { ...config, limits: { maxBatchBytes: smallBatchBytes, ...limits } };
}

function onMembers(fault: Fault): Fault {
  return /^(?:client|holder)#/.test(fault.target) ? { ...fault, target: "any" } : fault;
}
