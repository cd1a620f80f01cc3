import type { ClusterOptions } from "../processes/cluster.ts";
import type { Links } from "../processes/links.ts";
import { LinkedCluster } from "../processes/links.ts";
import { NamespacedCluster } from "../processes/namespaced-cluster.ts";

/** What stands between members: wires between network namespaces, or TCP proxies on loopback. */
export type Network = "namespaces" | "proxies";

export function openLinks(network: Network, options: ClusterOptions): Promise<Links> {
  return network === "namespaces"
    ? NamespacedCluster.create("jepsen", options)
    : LinkedCluster.create("jepsen", options);
}
