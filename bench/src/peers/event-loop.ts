import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { valueBytes } from "../clients/client.ts";
import { EmbeddedCluster } from "../embedded/embedded-cluster.ts";
import { runLoad } from "../load/run-load.ts";
import { within } from "../systems/patience.ts";
import { TrialProcess } from "../trials/trial-process.ts";
import type { PeersRun } from "./context.ts";
import { siteFor } from "./context.ts";
import type { Finding } from "./finding.ts";

const connections = 64;
const warmUpMs = 2_000;
const pollMs = 20;
const leastLoadMs = 10_000;
const growingMs = 900_000;
const snapshotMs = 300_000;
const rejoinMs = 300_000;
const controlMs = 60_000;
/** More than a leader keeps of its log behind a snapshot, so that whoever was away needs that. */
const entriesMissed = 120_000;
const pieceMs = 3_000;

/** No less than nothing. */
function over(host: number, idle: number): number {
  return Math.max(0, host - idle);
}

/** What is measured, and an idle process beside it. */
class HostLoop {
  readonly #cluster: EmbeddedCluster;
  readonly #control: TrialProcess<"control">;

  constructor(cluster: EmbeddedCluster, control: TrialProcess<"control">) {
    this.#cluster = cluster;
    this.#control = control;
  }

  async begin(): Promise<void> {
    await Promise.all([this.#control.beginDelay(), this.#cluster.beginDelay()]);
  }

  /** Where the host's process only begins now, and measures from its first moment. */
  async beginControl(): Promise<void> {
    await this.#control.beginDelay();
  }

  async end(what: string): Promise<Finding> {
    const host = await this.#cluster.endDelay();
    const control = await this.#control.endDelay();
    return {
      workload: "W14",
      system: "flotilla",
      what,
      figures: {
        p999Ms: over(host.p999Ms, control.p999Ms),
        maxMs: over(host.maxMs, control.maxMs),
        hostP999Ms: host.p999Ms,
        hostMaxMs: host.maxMs,
        idleP999Ms: control.p999Ms,
        idleMaxMs: control.maxMs,
        samples: host.count,
      },
    };
  }
}

async function load({ launch }: PeersRun, ports: readonly number[], measureMs: number): Promise<number> {
  const shape = { connections, depth: 1, watchers: 0, valueBytes };
  const times = { warmUpMs, measureMs, watched: { servers: [], idle: [] } };
  const result = await runLoad({ system: "flotilla", ports, operation: "set", ...shape, ...times }, launch);
  return result.operations;
}

/** Resolves once a snapshot is being written, or none. */
async function snapshotting(folder: string, wanted: boolean): Promise<void> {
  for (;;) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.some((name) => name.endsWith(".part")) === wanted) return;
    await pause(pollMs);
  }
}

/** The loop of the leader while it writes a snapshot beside the writes of W1. */
async function duringSnapshot(run: PeersRun, cluster: EmbeddedCluster, loop: HostLoop): Promise<Finding> {
  const going = { on: true };
  const writes = async (): Promise<void> => {
    while (going.on) await load(run, cluster.ports, pieceMs);
  };
  const watch = async (): Promise<Finding> => {
    await snapshotting(cluster.snapshotFolder, false);
    await snapshotting(cluster.snapshotFolder, true);
    await loop.begin();
    await snapshotting(cluster.snapshotFolder, false);
    return loop.end("snapshot");
  };
  const writing = writes();
  try {
    const failed = writing.then(() =>
      Promise.reject<Finding>(new Error("the writes beside a snapshot ended")),
    );
    return await within(Promise.race([watch(), failed]), snapshotMs, "a snapshot to be written");
  } finally {
    going.on = false;
    await writing;
  }
}

/** The loop of a member that was away for so long that it needs a snapshot of the others, from its start on. */
async function duringRejoin(run: PeersRun, cluster: EmbeddedCluster, loop: HostLoop): Promise<Finding> {
  await cluster.stopEmbedded();
  const [, ...others] = cluster.ports;
  for (let missed = 0; missed < entriesMissed;) missed += await load(run, others, pieceMs);
  await loop.beginControl();
  await within(cluster.rejoin(), rejoinMs, "a member to rejoin");
  return loop.end("rejoin");
}

/** W14: how late the event loop of a process is that embeds a member, less the same of an idle process. */
export async function eventLoop(run: PeersRun): Promise<Finding[]> {
  const { options, launch, report } = run;
  report.progress("W14: starting flotilla");
  const cluster = await EmbeddedCluster.start(await siteFor(run, "W14"));
  const control = await TrialProcess.start<"control">(launch, { type: "control" }, controlMs);
  const loop = new HostLoop(cluster, control);
  const findings: Finding[] = [];
  const found = (finding: Finding): void => {
    findings.push(finding);
    report.progress(`W14 ${finding.what}: p99.9 ${finding.figures["p999Ms"]?.toFixed(1)} ms`);
  };
  await loop.begin();
  await load(run, cluster.ports, Math.max(leastLoadMs, options.seconds * 1_000));
  found(await loop.end("W1"));
  await within(cluster.grow(options.nodes), growingMs, `${options.nodes} nodes`);
  found(await duringSnapshot(run, cluster, loop));
  found(await duringRejoin(run, cluster, loop));
  await Promise.all([control.kill(), cluster.stop()]);
  return findings;
}
