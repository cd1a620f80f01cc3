import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PeersOptions } from "../arguments.ts";
import type { LockSystem } from "../clients/lock.ts";
import type { SystemName } from "../clients/open.ts";
import type { Servers, Site } from "../systems/cluster.ts";
import { startEtcd } from "../systems/etcd.ts";
import { startFloor } from "../systems/floor.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import type { Launch } from "../systems/launch.ts";
import { startZooKeeper } from "../systems/zookeeper.ts";
import type { Report } from "./report.ts";

/** One call of `bench peers`. */
export interface PeersRun {
  readonly options: PeersOptions;
  readonly launch: Launch;
  readonly folder: string;
  readonly report: Report;
}

const starters: Readonly<Record<SystemName, (site: Site) => Promise<Servers>>> = {
  floor: startFloor,
  flotilla: (site) => startFlotilla(site),
  zookeeper: startZooKeeper,
  etcd: startEtcd,
};

/** An empty folder of its own within that of the run. */
export async function siteFor({ launch, folder }: PeersRun, name: string): Promise<Site> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  return { launch, folder: own };
}

/** The systems that are compared, ours first. */
export function systemsOf({ options }: PeersRun): readonly LockSystem[] {
  return ["flotilla", ...options.peers];
}

/** Starts three servers of a system; `part` names what they are for. */
export async function startServers(run: PeersRun, part: string, system: SystemName): Promise<Servers> {
  run.report.progress(`${part}: starting ${system}`);
  return starters[system](await siteFor(run, join(part, system)));
}
