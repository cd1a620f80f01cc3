import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAlone } from "./alone/run-alone.ts";
import { diskSuite } from "./disks/disk-suite.ts";
import type { Asked } from "./options.ts";
import { readOptions, usage } from "./options.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { clientKinds, faultKinds, preloadKinds, proxyKinds } from "./plan/plan.ts";
import { availabilitySuite, defaultSuite } from "./plan/scenarios.ts";
import { whyNoNamespaces } from "./processes/hub.ts";
import { whyNoPreload } from "./processes/preload.ts";
import type { Reported } from "./report/report.ts";
import { describe, exitCodeOf, failedReport, totalOf } from "./report/report.ts";
import { relay } from "./run/relay.ts";

const soakLoadMs = 60_000;

function asked(): Asked | null {
  try {
    return readOptions(process.argv.slice(2), randomInt(2 ** 31));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return null;
  }
}

/** The plans to run, in this order. */
function plansOf(wanted: Asked): Iterable<Plan> {
  const { suite, workload, kinds, seconds, nodes, seed, lanes, gapMs, sessionTtlMs } = wanted;
  const clientKind = wanted.clientKind ?? "thin";
  if (suite === "default") return defaultSuite(seed);
  if (suite === "availability") return availabilitySuite(seed);
  if (suite === "soak") return soakPlans(wanted);
  return [
    makePlan({
      name: workload,
      seed,
      nodes,
      workload,
      clientKind,
      kinds,
      loadMs: seconds * 1_000,
      lanes,
      gapMs,
      sessionTtlMs,
    }),
  ];
}

function* soakPlans(wanted: Asked): Generator<Plan, void> {
  const { workload, minutes, seed, lanes, gapMs, sessionTtlMs } = wanted;
  const endMs = performance.now() + minutes * 60_000;
  for (let k = 0; k === 0 || performance.now() < endMs; k += 1)
    yield makePlan({
      name: `soak-${k}`,
      seed: (seed + k) % 2 ** 32,
      nodes: k % 3 === 2 ? 5 : 3,
      workload,
      clientKind: wanted.clientKind ?? clientKinds[Math.floor(k / 3) % clientKinds.length] ?? "thin",
      // Every second one has no kind that namespaces cannot make.
      kinds: k % 2 === 0 ? faultKinds.filter((kind) => !proxyKinds.includes(kind)) : faultKinds,
      lanes,
      gapMs,
      sessionTtlMs,
      loadMs: Math.min(soakLoadMs, minutes * 60_000),
    });
}

async function main(): Promise<number> {
  const wanted = asked();
  if (wanted === null) return 2;
  const wantsApart = wanted.network !== "proxies" && !isDiskSuite(wanted);
  const obstacle = wantsApart ? whyNoNamespaces() : null;
  if (obstacle !== null && wanted.network === "namespaces") {
    process.stderr.write(`no network namespaces: ${obstacle}\n`);
    return 2;
  }
  if (obstacle !== null)
    process.stderr.write(`SKIP network namespaces, proxies take their place: ${obstacle}\n`);
  const reports: Reported[] = [];
  for await (const report of reportsOf(wanted, wantsApart && obstacle === null)) {
    reports.push(report);
    process.stdout.write(`${wanted.json ? JSON.stringify(report) : describe(report)}\n`);
    for (const { invariant, message } of report.violations)
      process.stderr.write(`${report.name}: ${invariant}: ${message}\n`);
  }
  const total = totalOf(reports);
  if (wanted.json) process.stdout.write(`${JSON.stringify(total)}\n`);
  return exitCodeOf(total);
}

function isDiskSuite({ suite }: Asked): boolean {
  return suite === "power-loss" || suite === "bit-rot";
}

/** Where runs are. */
interface Place {
  readonly out: string | null;
  /** Whether each has a network of its own. */
  readonly isApart: boolean;
}

/** Runs a plan and leaves all of it in a folder there; in a temporary one if none is given, unless all is well. */
async function runAndKeep(plan: Plan, { out, isApart }: Place, onCalm: () => void): Promise<Reported> {
  const folder =
    out === null ? mkdtempSync(join(tmpdir(), `flotilla-jepsen-${plan.name}-`)) : join(out, plan.name);
  const bends = plan.faults.some(({ kind }) => proxyKinds.includes(kind));
  const network = isApart && !bends ? "namespaces" : "proxies";
  let isGood = false;
  try {
    const report = await runAlone({ plan, folder, network }, { isApart, onCalm });
    isGood = report.violations.length === 0 && report.undecided === 0;
    return report;
  } catch (error) {
    return failedReport(plan, error);
  } finally {
    if (out === null && isGood) rmSync(folder, { recursive: true });
    else if (out === null) process.stderr.write(`${plan.name}: all of it is in ${folder}\n`);
  }
}

/** Runs what was asked for; what came of each, in the order of the plans. */
async function* reportsOf(wanted: Asked, isApart: boolean): AsyncGenerator<Reported, void> {
  const { suite, times, seed, out } = wanted;
  if (suite === "power-loss" || suite === "bit-rot") {
    const obstacle = suite === "power-loss" ? whyNoPreload() : null;
    if (obstacle === null) yield* diskSuite(suite, times, seed, out);
    else process.stderr.write(`SKIP ${suite}: ${obstacle}\n`);
    return;
  }
  // One run starts while the one before has only to come to its end and to be judged.
  yield* relay(feasible(plansOf(wanted)), (plan, passOn) => runAndKeep(plan, { out, isApart }, passOn));
}

/** Those that this machine can run; it is said of the others. */
function* feasible(plans: Iterable<Plan>): Generator<Plan, void> {
  for (const plan of plans) {
    const preloads = plan.faults.some(({ kind }) => preloadKinds.includes(kind));
    const obstacle = preloads ? whyNoPreload() : null;
    if (obstacle === null) yield plan;
    else process.stderr.write(`SKIP ${plan.name}: ${obstacle}\n`);
  }
}

process.exitCode = await main();
