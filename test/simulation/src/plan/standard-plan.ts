import { makeLogPlan } from "./log-plan.ts";
import { makePlan } from "./make-plan.ts";
import type { ClientPlan, Fault, Plan } from "./plan.ts";

/** Product defaults. */
const heartbeatMs = 100;
const electionTimeoutMs = 1000;
const ttlMs = 10_000;

/** While there is load. Some find nothing to strike, and each world is given rest at its end: one in 5 s is left. */
const faultEveryMs = 3600;
const opsPerSecond = 20;
/** Share of its time that a lane pauses, not counting answers and outages. */
const pauseShare = 0.55;

/**
 * The standard mix, in which the speed of the simulator is measured: the world of a seed with the times
 * and bounds that a cluster has by default, a fault every 5 s and 20 answered operations a second over all
 * clients, without the load of locks and of recipes that are
 * shared. Everything else, and everything that is checked, is as in `makePlan`.
 */
export function standardPlan(seed: number): Plan {
  return standard(makePlan(seed));
}

/** The same mix for the log alone: the world of `makeLogPlan`. */
export function standardLogPlan(seed: number): Plan {
  return standard(makeLogPlan(seed));
}

function standard(plan: Plan): Plan {
  const clients = plan.clients.map((client): ClientPlan => ({ ...client, ttlMs, locks: false, plays: [] }));
  const lanes =
    plan.logAlone === undefined
      ? clients.reduce((sum, client) => sum + client.lanes, 0)
      : plan.nodes * plan.logAlone.lanes;
  const faults = plan.faults.map(({ when: _when, ...fault }, index): Fault => ({
    ...fault,
    atMs: (index + 1) * faultEveryMs,
  }));
  return {
    ...plan,
    clients,
    faults,
    config: {
      ...plan.config,
      heartbeatMs,
      electionTimeoutMs,
      memberTtlMs: ttlMs,
      loadMs: (faults.length + 1) * faultEveryMs,
      limits: {},
      applyMs: 0,
      logReadMs: 2500,
      ending: "close",
      leaseSwitchesMs: [],
      minOps: 0,
      thinkMs: Math.round((lanes / opsPerSecond) * 1000 * pauseShare),
    },
  };
}
