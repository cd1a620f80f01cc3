import { connect } from "@flotilla/coord";
import { EtcdClient } from "./etcd.ts";
import type { LockSystem } from "./lock.ts";
import { ZooKeeperClient } from "./zookeeper.ts";

/** What the node holds before the first change. */
const unchanged: Uint8Array = new Uint8Array(4);

/** Hears of a change: its value, or null where an event tells none. */
export type OnChange = (value: Uint8Array | null) => void;

/** One connection that changes a node, or has watchers of it. */
export interface WatchingClient {
  /** Changes the node. */
  write(value: Uint8Array): Promise<void>;
  /** Has one more watcher; resolves once no later change can be missed. */
  watch(onChange: OnChange): Promise<void>;
  close(): Promise<void>;
}

const path = "/bench-watched";

async function flotillaWatching(port: number, onFailure: (error: unknown) => void): Promise<WatchingClient> {
  const coord = await connect({ endpoints: [`127.0.0.1:${port}`] });
  await coord.session.put(path, unchanged);
  return {
    write: async (value) => void (await coord.session.set(path, value)),
    watch: async (onChange) => {
      const watch = await coord.session.watch(path);
      const follow = async (): Promise<void> => {
        for await (const event of watch) {
          if (event.type === "snapshot") throw new Error("a watcher fell behind");
          onChange(event.node?.value ?? null);
        }
      };
      void follow().catch(onFailure);
    },
    close: () => coord.close(),
  };
}

/** Its watchers of one node on one connection share one watch, as in ZooKeeper's own client: an event is for all of them. */
async function zooKeeperWatching(
  port: number,
  valueless: boolean,
  onFailure: (error: unknown) => void,
): Promise<WatchingClient> {
  const client = await ZooKeeperClient.open(port, unchanged);
  await client.createNode(path);
  const watchers: OnChange[] = [];
  const onEvent = (): void => {
    for (const onChange of watchers) {
      if (valueless) onChange(null);
      else void client.readAndWatch(path, onEvent).then(onChange, onFailure);
    }
  };
  return {
    write: (value) => client.setValue(path, value),
    watch: async (onChange) => {
      if (!valueless) await client.readAndWatch(path, onEvent);
      else if (watchers.length === 0) await client.watchEvents(path, onEvent);
      watchers.push(onChange);
    },
    close: () => client.close(),
  };
}

async function etcdWatching(port: number, onFailure: (error: unknown) => void): Promise<WatchingClient> {
  const client = await EtcdClient.open(port);
  const key = Buffer.from(path);
  await client.put(key, unchanged);
  const state = { closed: false };
  const onEnd = (error: Error): void => (state.closed ? undefined : onFailure(error));
  return {
    write: (value) => client.put(key, value),
    watch: async (onChange) => {
      await client.watches.watch(key, 0, ({ value }) => onChange(value), onEnd);
    },
    close: () => {
      state.closed = true;
      return client.close();
    },
  };
}

/** Connects to the server on that port of loopback. `valueless`: ZooKeeper's events without reading what changed. */
export function openWatching(
  system: LockSystem,
  port: number,
  valueless: boolean,
  onFailure: (error: unknown) => void,
): Promise<WatchingClient> {
  switch (system) {
    case "flotilla":
      return flotillaWatching(port, onFailure);
    case "zookeeper":
      return zooKeeperWatching(port, valueless, onFailure);
    default:
      return etcdWatching(port, onFailure);
  }
}
