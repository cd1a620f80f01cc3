import { connect } from "@flotilla/coord";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import type { LockSystem } from "./requests.ts";

const name = "bench";

/** One connection that takes and gives back the lock of the run. */
export interface LockClient {
  /** Resolves with what gives it back. */
  acquire(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

async function flotillaLock(port: number): Promise<LockClient> {
  const coord = await connect({ endpoints: [`127.0.0.1:${port}`] });
  const lock = coord.lock(name);
  return {
    acquire: async () => {
      const held = await lock.acquire();
      return () => held.release();
    },
    close: () => coord.close(),
  };
}

const line = `/${name}-lock`;
const place = "lock-";

/**
 * The lock of ZooKeeper's recipes as Curator's `InterProcessMutex` does it: an ephemeral sequential node for each who
 * wants it; the lowest holds, each other waits for the one right before.
 */
async function zooKeeperLock(port: number): Promise<LockClient> {
  const client = await ZooKeeperClient.open(port);
  await client.createNode(line);
  return {
    acquire: async () => {
      const own = await client.createEphemeralSequential(`${line}/${place}`);
      for (;;) {
        const names = (await client.children(line)).toSorted();
        const before = names[names.indexOf(own.slice(line.length + 1)) - 1];
        if (before === undefined) return () => client.delete(own);
        await client.gone(`${line}/${before}`);
      }
    },
    close: () => client.close(),
  };
}

/** Connects to the server on that port of loopback. */
export function openLock(system: LockSystem, port: number): Promise<LockClient> {
  return system === "zookeeper" ? zooKeeperLock(port) : flotillaLock(port);
}
