import { formatTraceEntry, SimulationError } from "@flotilla/runtime/sim";
import { Injector } from "../faults/injector.ts";
import type { Plan } from "../plan/plan.ts";
import { judge } from "../verdict/judge.ts";
import { judgeRegisters } from "../verdict/registers.ts";
import { end, rest } from "./endings.ts";
import type { WorldResult } from "./result.ts";
import { describe } from "./server.ts";
import type { Sabotage } from "./world.ts";
import { World } from "./world.ts";

const leastFaultMs = 5000;
const longestLoadMs = 240_000;
const shownEvents = 40;

/** Makes a world from a plan, lets it happen, and judges it. Call `forbidGlobals` around it. */
export async function runWorld(plan: Plan, sabotage: Sabotage = {}): Promise<WorldResult> {
  const { world, injector } = await liveWorld(plan, sabotage);
  if (!world.findings.isBroken()) {
    if (plan.logAlone === undefined) judge(world);
    else judgeRegisters(world);
  }
  return summarize(world, injector);
}

/** The same up to the judgement of what was recorded. */
export async function liveWorld(
  plan: Plan,
  sabotage: Sabotage = {},
): Promise<{ world: World; injector: Injector }> {
  const world = new World(plan, sabotage);
  const injector = new Injector(world);
  try {
    await live(world, injector);
  } catch (error) {
    world.findings.now(nameOf(error), describe(error));
  }
  return { world, injector };
}

async function live(world: World, injector: Injector): Promise<void> {
  const { kernel, findings, plan } = world;
  world.start();
  const until = (): boolean => findings.isBroken();
  await kernel.run({ untilMs: plan.config.loadMs, until });
  while (world.ledger.answered < plan.config.minOps && !findings.isBroken() && kernel.nowMs < longestLoadMs) {
    await kernel.run({ untilMs: kernel.nowMs + leastFaultMs, until });
  }
  if (findings.isBroken()) return;
  heal(world, injector);
  await rest(world);
  if (!findings.isBroken()) await end(world);
}

function heal(world: World, injector: Injector): void {
  world.calm();
  injector.heal();
  world.kernel.network.healAll();
  for (const machine of world.kernel.nodes()) {
    machine.disk.heal();
    machine.clock.heal();
  }
  for (const server of world.servers) server.start();
  for (const client of world.clients) {
    if (client.plan.diesAtEnd) {
      client.crash(false);
      client.isDead = true;
    } else client.start();
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof SimulationError)) return "Crash";
  return /more than \d+ events|time stands still/.test(error.message) ? "Livelock" : "Crash";
}

function summarize(world: World, injector: Injector): WorldResult {
  const { kernel, findings, monitor, golden, ledger, plan } = world;
  const events = ledger.watches.reduce((sum, { stream }) => sum + stream.delivered.length, 0);
  return {
    seed: plan.seed,
    plan,
    traceHash: kernel.traceHash,
    violations: findings.all,
    simulatedMs: kernel.nowMs,
    events: kernel.eventCount,
    ops: ledger.answered,
    leaderChanges: Math.max(0, monitor.counts.leaderTerms - 1),
    leaseReads: monitor.counts.leaseReads,
    elections: world.beliefs.count,
    restarts: monitor.counts.restarts,
    snapshots: monitor.counts.snapshotsTaken,
    snapshotInstalls: monitor.counts.snapshotsInstalled,
    expiries: golden.commands.reduce(
      (sum, { applied }) => sum + (applied.type === "expired" ? applied.leases.length : 0),
      0,
    ),
    refusals: world.servers.filter(({ state }) => state === "refused").length,
    watchEvents: events,
    faults: injector.counts,
    probes: Object.fromEntries([...kernel.probes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    moments: Object.fromEntries(world.moments.counts),
    coverage: world.coverage.report,
    history: () => world.history.toJsonLines(),
    report: findings.isBroken() ? report(world) : "",
  };
}

function report(world: World): string {
  return world.kernel
    .nodes()
    .map(({ name }) => {
      const lines = world.kernel.recent(name).slice(-shownEvents).map(formatTraceEntry);
      return `${name}\n${lines.join("\n")}`;
    })
    .join("\n");
}
