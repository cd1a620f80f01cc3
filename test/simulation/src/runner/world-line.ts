import type { WorldResult } from "../world/result.ts";

/** What is told of one world among many. */
export type WorldLine = Omit<
  WorldResult,
  "plan" | "history" | "report" | "probes" | "moments" | "coverage"
> & {
  readonly nodes: number;
  readonly clients: number;
  readonly wallMs: number;
  /** Of all threads of the process. */
  readonly cpuMs: number;
};

/** What a world took. */
export interface Spent {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Begins to count; the result tells what was spent since. */
export function spending(): () => Spent {
  const startMs = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
  };
}

/** The short form of a result. */
export function worldLine(result: WorldResult, { wallMs, cpuMs }: Spent): WorldLine {
  const { plan, history: _h, report: _r, probes: _p, moments: _m, coverage: _c, ...rest } = result;
  return {
    ...rest,
    nodes: plan.nodes,
    clients: plan.clients.length,
    wallMs: Math.round(wallMs),
    cpuMs: Math.round(cpuMs),
  };
}

/** The line of a world whose process died. */
export function crashedLine(seed: number, message: string): WorldLine {
  return {
    seed,
    traceHash: "",
    violations: [{ invariant: "Crash", message, atMs: null }],
    simulatedMs: 0,
    events: 0,
    ops: 0,
    leaderChanges: 0,
    leaseReads: 0,
    elections: 0,
    restarts: 0,
    snapshots: 0,
    snapshotInstalls: 0,
    expiries: 0,
    refusals: 0,
    watchEvents: 0,
    faults: {},
    nodes: 0,
    clients: 0,
    wallMs: 0,
    cpuMs: 0,
  };
}
