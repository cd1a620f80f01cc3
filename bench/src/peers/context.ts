import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PeersOptions } from "../arguments.ts";
import { standardValue } from "../clients/client.ts";
import type { LockSystem } from "../clients/lock.ts";
import type { SystemName } from "../clients/open.ts";
import type { Servers, Site } from "../systems/cluster.ts";
import { startEtcd } from "../systems/etcd.ts";
import { startFloor } from "../systems/floor.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import type { Launch } from "../systems/launch.ts";
import { startZooKeeper } from "../systems/zookeeper.ts";
import { prepare } from "../systems/prepare.ts";
import type { Report } from "./report.ts";

/** One call of `bench peers`. */
export interface PeersRun {
  readonly options: PeersOptions;
  readonly launch: Launch;
  readonly folder: string;
  readonly report: Report;
}

function start(system: SystemName, site: Site, { members, valueBytes }: PeersOptions): Promise<Servers> {
  switch (system) {
    case "flotilla":
      return startFlotilla(site, undefined, members);
    case "zookeeper":
      return startZooKeeper(site);
    case "etcd":
      return startEtcd(site);
    default:
      return startFloor(site, valueBytes);
  }
}

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

/** Starts the servers of a system; `part` names what they are for. */
export async function startServers(run: PeersRun, part: string, system: SystemName): Promise<Servers> {
  run.report.progress(`${part}: starting ${system}`);
  return start(system, await siteFor(run, join(part, system)), run.options);
}

/** The same, once they serve; there is one key. */
export async function startServing(run: PeersRun, part: string, system: SystemName): Promise<Servers> {
  const cluster = await startServers(run, part, system);
  await prepare(cluster, standardValue, 1);
  return cluster;
}
