import type { LoadClient } from "./client.ts";
import { EtcdClient } from "./etcd.ts";
import { FloorClient } from "./floor.ts";
import { FlotillaClient } from "./flotilla.ts";
import { ZooKeeperClient } from "./zookeeper.ts";

/** What can be measured. `floor`: three processes that only append, sync and acknowledge by majority. */
export type SystemName = "flotilla" | "zookeeper" | "etcd" | "floor";

/** Connects to one server of a system; the server listens on that port of loopback. */
export function openClient(system: SystemName, port: number): Promise<LoadClient> {
  switch (system) {
    case "flotilla":
      return FlotillaClient.open(port);
    case "zookeeper":
      return ZooKeeperClient.open(port);
    case "etcd":
      return EtcdClient.open(port);
    default:
      return FloorClient.open(port);
  }
}
