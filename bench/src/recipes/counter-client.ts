import { connect } from "@flotilla/coord";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import type { CounterSystem } from "./requests.ts";

const name = "bench";

/** One connection that adds to the number of the run. */
export interface CounterClient {
  add(): Promise<void>;
  total(): Promise<number>;
  close(): Promise<void>;
}

async function flotillaCounter(port: number): Promise<CounterClient> {
  const coord = await connect({ endpoints: [`127.0.0.1:${port}`] });
  const counter = coord.counter(name);
  return {
    add: async () => void (await counter.add()),
    total: () => counter.get(),
    close: () => coord.close(),
  };
}

const path = `/${name}-counter`;

/**
 * As Curator's `DistributedAtomicLong` adds: it reads, sets if nobody else did meanwhile, and else begins anew, at once.
 * The number is that of the node's versions: so many sets took effect.
 */
async function zooKeeperCounter(port: number): Promise<CounterClient> {
  const client = await ZooKeeperClient.open(port);
  await client.createNode(path);
  return {
    add: async () => {
      while (!(await client.setIfVersion(path, await client.version(path)))) continue;
    },
    total: () => client.version(path),
    close: () => client.close(),
  };
}

/** Connects to the server on that port of loopback. */
export function openCounter(system: CounterSystem, port: number): Promise<CounterClient> {
  return system === "zookeeper" ? zooKeeperCounter(port) : flotillaCounter(port);
}
