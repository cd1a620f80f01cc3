import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, Site } from "./cluster.ts";
import { startFlotilla } from "./flotilla.ts";
import { prepare } from "./prepare.ts";
import { startZooKeeper } from "./zookeeper.ts";

/** Three servers in a folder of their own, which serve already. */
export async function startPrepared(site: Site, system: "flotilla" | "zookeeper"): Promise<Cluster> {
  const folder = join(site.folder, system);
  await mkdir(folder);
  const own = { ...site, folder };
  const cluster = await (system === "zookeeper" ? startZooKeeper(own) : startFlotilla(own));
  await prepare(cluster);
  return cluster;
}
