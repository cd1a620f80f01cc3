import { connect } from "@flotilla/coord";
import { EtcdClient } from "./etcd.ts";
import type { SystemName } from "./open.ts";
import { ZooKeeperClient } from "./zookeeper.ts";

/** Systems that have a lock of which clients take turns. */
export type LockSystem = Exclude<SystemName, "floor">;

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

/**
 * The mutex of etcd's concurrency package: a key with a lease for each who wants it; the one made first holds, each
 * other waits until the one made right before is deleted.
 */
async function etcdLock(port: number): Promise<LockClient> {
  const client = await EtcdClient.open(port);
  const prefix = Buffer.from(`${line}/`);
  await client.lease();
  return {
    acquire: async () => {
      const { own, holds } = await client.join(prefix);
      if (!holds) await client.firstInLine(prefix, own);
      return () => client.delete(own.key);
    },
    close: () => client.close(),
  };
}

/** Connects to the server on that port of loopback. */
export function openLock(system: LockSystem, port: number): Promise<LockClient> {
  switch (system) {
    case "flotilla":
      return flotillaLock(port);
    case "zookeeper":
      return zooKeeperLock(port);
    default:
      return etcdLock(port);
  }
}
