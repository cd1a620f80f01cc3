import { setTimeout as pause } from "node:timers/promises";
import type { LockSystem } from "../clients/lock.ts";
import type { Servers } from "../systems/cluster.ts";
import { stopCluster } from "../systems/cluster.ts";
import { within } from "../systems/patience.ts";
import { portsOf } from "../systems/prepare.ts";
import { observe } from "../trials/hold.ts";
import { TrialProcess } from "../trials/trial-process.ts";
import type { PeersRun } from "./context.ts";
import { startServing, systemsOf } from "./context.ts";
import type { Finding } from "./finding.ts";
import { median } from "./summary.ts";

const beginMs = 60_000;
const goneMs = 60_000;
/** Trials for one of `--trials`: each takes ZooKeeper about eight seconds. */
const share = 0.5;

interface Gap {
  readonly ms: number;
  readonly ttlMs: number;
}

/** The moment at which the holder's node is told to be gone. */
class Gone {
  readonly told: Promise<number>;
  atMs: number | null = null;
  #done: ((atMs: number) => void) | null = null;

  constructor() {
    this.told = new Promise((done) => {
      this.#done = done;
    });
  }

  set(): void {
    this.atMs ??= performance.now();
    this.#done?.(this.atMs);
  }
}

async function trial({ launch }: PeersRun, system: LockSystem, cluster: Servers): Promise<Gap> {
  const [leader = 0, follower = 0] = await portsOf(cluster);
  const job = { type: "hold", system, port: follower } as const;
  const holder = await TrialProcess.start<"hold">(launch, job, beginMs);
  const { ttlMs } = holder.began;
  const gone = new Gone();
  const watching = observe(system, leader, () => gone.set());
  const observer = await within(watching, beginMs, `a watch of ${system}`);
  // Holders die at any moment between two renewals.
  await pause(Math.random() * ttlMs);
  if (gone.atMs !== null) throw new Error(`${system} ended the session of a holder that lives`);
  const begun = performance.now();
  await holder.kill();
  const atMs = await within(gone.told, goneMs, `${system} to tell of the end of a holder`);
  await observer.close();
  return { ms: atMs - begun, ttlMs };
}

/** W12: how long until others know that a holder was killed, with the shortest session each system allows. */
export async function holderKilled(run: PeersRun): Promise<Finding[]> {
  const { options, report } = run;
  const clusters = new Map<LockSystem, Servers>();
  for (const system of systemsOf(run)) {
    const cluster = await startServing(run, "W12", system);
    clusters.set(system, cluster);
  }
  const gaps = new Map<LockSystem, Gap[]>(systemsOf(run).map((system) => [system, []]));
  const trials = Math.ceil(options.trials * share);
  for (let k = 0; k < trials; k += 1) {
    for (const [system, cluster] of clusters) {
      const gap = await trial(run, system, cluster);
      gaps.get(system)?.push(gap);
      report.progress(`W12, ${k + 1} of ${trials}: ${system} ${gap.ms.toFixed(0)} ms`);
    }
  }
  await Promise.all([...clusters.values()].map(stopCluster));
  return [...gaps].map(([system, all]) => {
    const times = all.map(({ ms }) => ms);
    const ttlMs = all[0]?.ttlMs ?? Number.NaN;
    return {
      workload: "W12",
      system,
      what: "holder killed",
      figures: { p50Ms: median(times), maxMs: Math.max(...times), ttlMs, trials },
    };
  });
}
