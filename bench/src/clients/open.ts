import type { LoadClient } from "./client.ts";
import { standardValue } from "./client.ts";
import { EtcdClient } from "./etcd.ts";
import { FloorClient } from "./floor.ts";
import { FlotillaClient } from "./flotilla.ts";
import { ZooKeeperClient } from "./zookeeper.ts";

/** What can be measured. `floor`: three processes that only append, sync and acknowledge by majority. */
export type SystemName = "flotilla" | "zookeeper" | "etcd" | "floor";

/** Connects to one server of a system; the server listens on that port of loopback. */
export function openClient(
  system: SystemName,
  port: number,
  value: Uint8Array = standardValue,
): Promise<LoadClient> {
  switch (system) {
    case "flotilla":
      return FlotillaClient.open(port, value);
    case "zookeeper":
      return ZooKeeperClient.open(port, value);
    case "etcd":
      return EtcdClient.open(port, value);
    default:
      return FloorClient.open(port, value);
  }
}
