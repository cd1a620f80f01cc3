import { readFileSync, writeFileSync } from "node:fs";
import { makeLogPlan } from "../plan/log-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { readPlan } from "../plan/read-plan.ts";
import type { WorldResult } from "../world/result.ts";
import type { RunnerOptions } from "./options.ts";
import { runPlan } from "./run-plan.ts";
import { shrink } from "./shrink.ts";
import type { Spent } from "./world-line.ts";
import { spending, worldLine } from "./world-line.ts";

/** Replays one world, by its seed or its plan. Returns the exit code. */
export async function replay(
  options: RunnerOptions,
  seed: number,
  print: (line: string) => void,
): Promise<number> {
  const plan = planOf(options, seed);
  if (options.printPlan) {
    print(JSON.stringify(plan, null, 2));
    return 0;
  }
  const spent = spending();
  const first = await runPlan(plan);
  const took = spent();
  const isBroken = first.violations.length > 0;
  const result = isBroken && options.shrink ? await shrunk(first) : first;
  if (options.historyFile !== null) writeFileSync(options.historyFile, result.history());
  if (options.json) print(JSON.stringify(asJson(result, took)));
  else for (const line of asText(result, took.wallMs)) print(line);
  return isBroken ? 1 : 0;
}

function planOf({ planFile, raft }: RunnerOptions, seed: number): Plan {
  if (planFile !== null) return readPlan(readFileSync(planFile, "utf8"));
  return raft ? makeLogPlan(seed) : makePlan(seed);
}

async function shrunk(first: WorldResult): Promise<WorldResult> {
  const { result } = await shrink(first, runPlan, ({ faults }) => {
    process.stderr.write(`still fails with ${faults.length} faults\n`);
  });
  return result;
}

function asJson(result: WorldResult, took: Spent): object {
  const { probes, plan } = result;
  const failure = result.violations.length === 0 ? {} : { plan, report: result.report.split("\n") };
  return { ...worldLine(result, took), probes, ...failure };
}

function asText(result: WorldResult, wallMs: number): string[] {
  const { seed, traceHash, violations, ops, simulatedMs, events, leaderChanges, snapshotInstalls, expiries } =
    result;
  const faults = Object.entries(result.faults).filter(([, count]) => count > 0);
  const lines = [
    `seed ${seed}  trace ${traceHash}`,
    `${(simulatedMs / 1000).toFixed(1)} simulated seconds in ${(wallMs / 1000).toFixed(1)} s, ${events} events`,
    `${ops} operations, ${leaderChanges} leader changes, ${snapshotInstalls} snapshot installs, ${expiries} session expiries`,
    `faults: ${faults.map(([kind, count]) => `${kind} ${count}`).join(", ")}`,
  ];
  if (violations.length === 0) return [...lines, "no violation"];
  const found = violations.map(
    ({ invariant, message, atMs }) => `VIOLATION ${invariant} at ${atMs ?? "the end"}: ${message}`,
  );
  return [...lines, result.report, ...planLines(result.plan), ...found];
}

function planLines(plan: Plan): string[] {
  const faults = plan.faults.map((fault) => `    ${JSON.stringify(fault)}`);
  return [`plan: ${JSON.stringify({ ...plan, faults: undefined })}`, ...faults];
}
