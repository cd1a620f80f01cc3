import { connect } from "@flotilla/coord";
import { EtcdClient } from "../clients/etcd.ts";
import type { EtcdEvent } from "../clients/etcd-watches.ts";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import type { LockSystem } from "../clients/lock.ts";
import { standardValue } from "../clients/client.ts";
import type { HoldJob, TrialAnswers } from "./messages.ts";

/** The node that goes with its holder. */
const heldPath = "/bench-held";
const leastTtlMs = 500;

/** Makes the node with the shortest session that the system allows. */
export async function hold({ system, port }: HoldJob): Promise<TrialAnswers["hold"]> {
  switch (system) {
    case "flotilla": {
      const { session } = await connect({ endpoints: [`127.0.0.1:${port}`], sessionTtlMs: leastTtlMs });
      await session.create(heldPath, standardValue, { ephemeral: true });
      return { ttlMs: session.ttlMs };
    }
    case "zookeeper": {
      // Servers grant two of their ticks at least.
      const client = await ZooKeeperClient.open(port, standardValue, 1);
      await client.createEphemeral(heldPath);
      return { ttlMs: client.timeoutMs };
    }
    default: {
      const client = await EtcdClient.open(port);
      const { ttlSeconds } = await client.lease(1);
      await client.putLeased(Buffer.from(heldPath));
      return { ttlMs: ttlSeconds * 1_000 };
    }
  }
}

/** A watcher of the holder, at another server. */
export interface Observer {
  close(): Promise<void>;
}

async function flotillaObserver(port: number, onGone: () => void): Promise<Observer> {
  const coord = await connect({ endpoints: [`127.0.0.1:${port}`] });
  await coord.session.sync();
  const watch = await coord.session.watch(heldPath);
  const follow = async (): Promise<void> => {
    for await (const event of watch) if (event.type === "deleted") onGone();
  };
  void follow();
  return coord;
}

async function zooKeeperObserver(port: number, onGone: () => void): Promise<Observer> {
  const client = await ZooKeeperClient.open(port);
  await client.sync();
  await client.readAndWatch(heldPath, onGone);
  return client;
}

async function etcdObserver(port: number, onGone: () => void): Promise<Observer> {
  const client = await EtcdClient.open(port);
  const onEvent = ({ deleted }: EtcdEvent): void => (deleted ? onGone() : undefined);
  // That it ends is told by the wait for what it should have told.
  await client.watches.watch(Buffer.from(heldPath), 0, onEvent, () => {});
  return client;
}

/** Watches the holder's node, which must be there; resolves once its end cannot be missed. */
export function observe(system: LockSystem, port: number, onGone: () => void): Promise<Observer> {
  switch (system) {
    case "flotilla":
      return flotillaObserver(port, onGone);
    case "zookeeper":
      return zooKeeperObserver(port, onGone);
    default:
      return etcdObserver(port, onGone);
  }
}
