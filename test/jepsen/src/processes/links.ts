import { resolve } from "node:path";
import type { MemberPlace } from "./cluster.ts";
import { Cluster } from "./cluster.ts";
import type { Direction } from "./tcp-proxy.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const rerouter = resolve(import.meta.dirname, "../../native/reroute.cjs");

/** How a member is cut off from all others. */
export type Isolation = "cut" | "deaf" | "mute" | "reset";

interface Link {
  /** The member that dials, if any does. */
  readonly from: string;
  readonly to: string;
  readonly proxy: TcpProxy;
}

/** A cluster whose members reach each other through proxies, one for each ordered pair. Clients reach them directly. */
export class LinkedCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #links: readonly Link[];

  private constructor(cluster: Cluster, links: readonly Link[]) {
    this.cluster = cluster;
    this.#links = links;
  }

  static async create(name: string, flags: readonly string[] = []): Promise<LinkedCluster> {
    const links: Link[] = [];
    const cluster = await Cluster.create(name, {
      arguments: flags,
      env: ({ id }) => ({
        NODE_OPTIONS: `--require ${rerouter}`,
        REROUTE: JSON.stringify(routesFrom(id, links, cluster.places)),
      }),
    });
    for (const from of cluster.places)
      for (const to of cluster.places)
        if (from !== to) links.push({ from: from.id, to: to.id, proxy: await TcpProxy.open(portOf(to)) });
    return new LinkedCluster(cluster, links);
  }

  /** Connections between members that go through the proxies. */
  get connections(): number {
    return this.#links.reduce((sum, { proxy }) => sum + proxy.connections, 0);
  }

  /** `deaf`: nothing reaches it. `mute`: nothing comes from it. `cut`: both. `reset`: its connections break. */
  isolate(id: string, how: Isolation): void {
    for (const { from, to, proxy } of this.#links) {
      if (from !== id && to !== id) continue;
      const towards: Direction = from === id ? "back" : "forth";
      const away: Direction = from === id ? "forth" : "back";
      if (how === "reset") proxy.reset();
      if (how === "cut" || how === "deaf") proxy.cut(towards);
      if (how === "cut" || how === "mute") proxy.cut(away);
    }
  }

  heal(): void {
    for (const { proxy } of this.#links) proxy.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await Promise.all(this.#links.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
  }
}

function portOf(place: MemberPlace): number {
  return Number(place.address.slice(place.address.lastIndexOf(":") + 1));
}

function routesFrom(
  id: string,
  links: readonly Link[],
  places: readonly MemberPlace[],
): Record<string, number> {
  const routes: Record<string, number> = {};
  for (const place of places) {
    const link = links.find(({ from, to }) => from === id && to === place.id);
    if (link !== undefined) routes[portOf(place)] = link.proxy.port;
  }
  return routes;
}
