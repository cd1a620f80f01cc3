import { setTimeout as pause } from "node:timers/promises";
import { nodeValue } from "../clients/client.ts";
import { FlotillaClient } from "../clients/flotilla.ts";
import { openClient } from "../clients/open.ts";
import type { LockSystem } from "../clients/lock.ts";
import { peakRssBytes, readUsage } from "../machine/usage.ts";
import type { Servers } from "../systems/cluster.ts";
import { memberCount, pidsOf, stopCluster } from "../systems/cluster.ts";
import { within } from "../systems/patience.ts";
import { createRoot, fillWith, serving } from "../systems/prepare.ts";
import type { PeersRun } from "./context.ts";
import { startServers, systemsOf } from "./context.ts";
import type { Finding } from "./finding.ts";

const fillingMs = 900_000;
const readyMs = 300_000;
const attemptMs = 20_000;
const retryMs = 20;
/** A client of ours waits longer and longer between its tries: a fresh one each second does not. */
const connectTimeoutMs = 1_000;
const settleMs = 5_000;
const mb = 1024 * 1024;

function resident(cluster: Servers): number {
  return readUsage({ servers: pidsOf(cluster), idle: [] }).serverRssBytes;
}

/** Resolves once the server answers a linearizable read of a key. */
async function answers(system: LockSystem, port: number, key: number): Promise<void> {
  for (;;) {
    try {
      await within(readOnce(system, port, key), attemptMs, "a read");
      return;
    } catch {
      await pause(retryMs);
    }
  }
}

async function readOnce(system: LockSystem, port: number, key: number): Promise<void> {
  const client = await (system === "flotilla"
    ? FlotillaClient.open(port, nodeValue, { connectTimeoutMs })
    : openClient(system, port, nodeValue));
  await client.get(key);
  await client.close();
}

/** Starts all servers on their data; how long until each of them has answered a read. */
async function restart(system: LockSystem, cluster: Servers, key: number): Promise<number> {
  const begun = performance.now();
  for (const member of cluster.members) member.start();
  const all = Promise.all(cluster.members.map(({ port }) => answers(system, port, key)));
  await within(all, readyMs, `${system} to serve again`);
  return performance.now() - begun;
}

async function measure(run: PeersRun, system: LockSystem): Promise<Finding[]> {
  const { options, report } = run;
  const { nodes } = options;
  const cluster = await startServers(run, "W10", system);
  await serving(cluster);
  const clients = await Promise.all(cluster.members.map(({ port }) => openClient(system, port, nodeValue)));
  if (clients[0] !== undefined) await createRoot(clients[0]);
  await pause(settleMs);
  const emptyBytes = resident(cluster);
  report.progress(`W10: ${nodes} nodes in ${system}`);
  await within(fillWith(clients, 0, nodes), fillingMs, `${system} to take ${nodes} nodes`);
  await Promise.all(clients.map((client) => client.close()));
  await pause(settleMs);
  const filledBytes = resident(cluster);
  await stopCluster(cluster);
  const ready = await restart(system, cluster, nodes - 1);
  report.progress(`W10: ${system} ready after ${ready.toFixed(0)} ms`);
  await pause(settleMs);
  const bytes = resident(cluster);
  const peakBytes = pidsOf(cluster).reduce((sum, pid) => sum + peakRssBytes(pid), 0);
  await stopCluster(cluster);
  const ofNode = (grown: number): number => grown / memberCount / nodes;
  return [
    {
      workload: "W10",
      system,
      what: `restart with ${nodes} nodes`,
      figures: { readyMs: ready, memoryMb: bytes / mb, peakMemoryMb: peakBytes / mb },
    },
    {
      workload: "W11",
      system,
      what: `${nodes} nodes`,
      figures: {
        bytesOfNode: ofNode(bytes - emptyBytes),
        bytesOfNodeAsFilled: ofNode(filledBytes - emptyBytes),
        emptyMb: emptyBytes / mb,
      },
    },
  ];
}

/** W10 and W11: how long a cluster with many nodes takes to serve again, and what they take up. */
export async function restarts(run: PeersRun): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const system of systemsOf(run)) findings.push(...(await measure(run, system)));
  return findings;
}
