import { setTimeout as pause } from "node:timers/promises";
import type { LoadClient } from "../clients/client.ts";
import { keyCount } from "../clients/client.ts";
import { FlotillaClient } from "../clients/flotilla.ts";
import { leads } from "../clients/leader.ts";
import { openClient } from "../clients/open.ts";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import type { Cluster } from "./cluster.ts";

const patienceMs = 60_000;
const retryMs = 250;
const fillDepth = 64;

/** Tries until it works. @throws what the last try threw, after a minute */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(retryMs);
    }
  }
}

/** Makes every key, many at a time. */
export async function fill(client: LoadClient): Promise<void> {
  if (client instanceof ZooKeeperClient || client instanceof FlotillaClient) await client.createRoot();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < keyCount) {
      next += 1;
      await client.create(next - 1);
    }
  };
  await Promise.all(Array.from({ length: fillDepth }, lane));
}

/** Waits until a cluster serves, and fills it with the keys of the workloads. */
export async function prepare(cluster: Cluster): Promise<void> {
  const ports = cluster.members.map(({ port }) => port);
  for (const port of cluster.system === "floor" ? ports.slice(0, 1) : ports) {
    await eventually(async () => (await openClient(cluster.system, port)).close());
  }
  const client = await openClient(cluster.system, ports[0] ?? 0);
  if (cluster.system !== "floor") await eventually(() => fill(client));
  await client.close();
}

/** The ports of its servers, the leader's first; of the floor only the leader takes clients. */
export async function portsOf({ system, members }: Cluster): Promise<readonly number[]> {
  const ports = members.map(({ port }) => port);
  if (system === "floor") return ports.slice(0, 1);
  return eventually(async () => {
    for (const [k, port] of ports.entries()) {
      if (await leads(system, port)) return [port, ...ports.slice(0, k), ...ports.slice(k + 1)];
    }
    throw new Error(`${system} has no leader`);
  });
}
