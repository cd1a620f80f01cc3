import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchOptions, PeerName } from "./arguments.ts";
import { readArguments, usage } from "./arguments.ts";
import { runCoord } from "./coord/run-coord.ts";
import { runFlame } from "./flame/run-flame.ts";
import { describeMachine } from "./peers/machine.ts";
import { jsonReport, tableReport } from "./peers/report.ts";
import { runPeers } from "./peers/run-peers.ts";
import { runRaft } from "./raft/run-raft.ts";
import { runRecipes } from "./recipes/run-recipes.ts";
import { runKv } from "./kv/run-kv.ts";
import { runMicro } from "./micro/run-micro.ts";
import { missing } from "./systems/available.ts";
import { Launch } from "./systems/launch.ts";

const lines = {
  out: (line: string): void => void process.stdout.write(`${line}\n`),
  progress: (line: string): void => void process.stderr.write(`${line}\n`),
};

function isInstalled(peer: PeerName): boolean {
  const problem = missing(peer);
  if (problem !== null) lines.progress(problem);
  return problem === null;
}

function options(): BenchOptions | null {
  try {
    return readArguments(process.argv.slice(2), () => (["zookeeper", "etcd"] as const).filter(isInstalled));
  } catch (error) {
    lines.progress(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return null;
  }
}

/** Figures are asked for on two cores: null when there are no more. */
function firstTwoCores(): string | null {
  return availableParallelism() > 2 ? "0,1" : null;
}

/** A folder for everything that a run writes, gone afterwards also when it is interrupted. */
async function inFolder(parent: string | null, work: (folder: string) => Promise<void>): Promise<void> {
  const base = parent ?? tmpdir();
  await mkdir(base, { recursive: true });
  const folder = await mkdtemp(join(base, "flotilla-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  await work(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function run(asked: BenchOptions): Promise<void> {
  switch (asked.type) {
    case "peers": {
      const peers = asked.peers.filter((peer) => isInstalled(peer));
      const report = asked.json ? jsonReport(lines) : tableReport(lines);
      const launch = new Launch(asked.pins);
      return inFolder(asked.folder, async (folder) => {
        report.machine(describeMachine(folder, peers));
        await runPeers({ ...asked, peers }, launch, folder, report);
      });
    }
    case "flame": {
      const launch = new Launch(asked.pins);
      return inFolder(asked.folder, (folder) => runFlame(asked, { launch, folder }, lines.out));
    }
    case "raft": {
      const launch = new Launch({ ...asked.pins, servers: asked.pins.servers ?? firstTwoCores() });
      return inFolder(asked.folder, (folder) =>
        runRaft(asked, describeMachine(folder, []), { launch, folder }, lines),
      );
    }
    case "kv": {
      const launch = new Launch({ servers: null, load: null });
      return inFolder(asked.folder, (folder) =>
        runKv(asked, describeMachine(folder, []), { launch, folder }, lines),
      );
    }
    case "coord": {
      const launch = new Launch({ servers: null, load: null });
      const peers = asked.zooKeeper ? (["zookeeper"] as const) : [];
      return inFolder(asked.folder, (folder) =>
        runCoord(asked, describeMachine(folder, peers), { launch, folder }, lines),
      );
    }
    case "recipes": {
      const launch = new Launch({ servers: null, load: null });
      const peers = asked.zooKeeper ? (["zookeeper"] as const) : [];
      return inFolder(asked.folder, (folder) =>
        runRecipes(asked, describeMachine(folder, peers), { launch, folder }, lines),
      );
    }
    case "micro":
      return inFolder(asked.folder, (folder) => runMicro(asked, folder, lines.out));
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const asked = options();
if (asked === null) process.exitCode = 2;
else await run(asked);
