import { setTimeout as pause } from "node:timers/promises";
import type { LoadClient } from "../clients/client.ts";
import { keyCount, standardValue } from "../clients/client.ts";
import { FlotillaClient } from "../clients/flotilla.ts";
import { leads } from "../clients/leader.ts";
import { openClient } from "../clients/open.ts";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import { within } from "./patience.ts";
import type { Cluster } from "./cluster.ts";

const patienceMs = 60_000;
/** Of one try: a server that hangs must not keep the run. */
const tryMs = 60_000;
const nodesOfTransaction = 10;
const lanesOfClient = 16;
const retryMs = 250;
const fillDepth = 64;

/** Tries until it works. @throws what the last try threw, after a minute */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await within(work(), tryMs, "a try");
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(retryMs);
    }
  }
}

/** Makes what keys stand under, where they stand under something. */
export async function createRoot(client: LoadClient): Promise<void> {
  if (client instanceof ZooKeeperClient || client instanceof FlotillaClient) await client.createRoot();
}

/** Makes the keys of these numbers through all clients, many transactions at a time. */
export async function fillWith(clients: readonly LoadClient[], from: number, to: number): Promise<void> {
  let next = from;
  const lane = async (client: LoadClient): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, first + nodesOfTransaction);
      await client.createAll(Array.from({ length: next - first }, (_, k) => first + k));
    }
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: lanesOfClient }, () => lane(client))));
}

/** Makes the first keys, many at a time. */
export async function fill(client: LoadClient, keys: number = keyCount): Promise<void> {
  await createRoot(client);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < keys) {
      next += 1;
      await client.create(next - 1);
    }
  };
  await Promise.all(Array.from({ length: fillDepth }, lane));
}

/** Waits until every server of a cluster takes clients. @throws Error when one does not within a minute */
export async function serving({ system, members }: Cluster): Promise<void> {
  const ports = members.map(({ port }) => port);
  for (const port of system === "floor" ? ports.slice(0, 1) : ports) {
    await eventually(async () => (await openClient(system, port)).close());
  }
}

/** Waits until a cluster serves, and fills it with the first keys of the workloads. */
export async function prepare(
  cluster: Cluster,
  value: Uint8Array = standardValue,
  keys: number = keyCount,
): Promise<void> {
  const ports = cluster.members.map(({ port }) => port);
  await serving(cluster);
  const client = await openClient(cluster.system, ports[0] ?? 0, value);
  if (cluster.system !== "floor") await eventually(() => fill(client, keys));
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
