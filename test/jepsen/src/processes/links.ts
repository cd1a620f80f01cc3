import { resolve } from "node:path";
import type { ClientHost } from "@flotilla/runtime";
import { silentLogger } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import type { ClusterOptions, MemberPlace } from "./cluster.ts";
import { Cluster } from "./cluster.ts";
import type { Flow } from "./tcp-lane.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const rerouter = resolve(import.meta.dirname, "../../native/reroute.cjs");

/** How a member is cut off from all others. */
export type Isolation = "cut" | "deaf" | "mute" | "reset";

/** A cluster whose members and clients reach each other over links that a test bends, cuts and breaks. */
export interface Links extends AsyncDisposable {
  readonly cluster: Cluster;
  /** The outside for a client with links of its own to every member, known to `shape` by this name. */
  clientHost(name: string): Promise<ClientHost>;
  /** Has all bytes flow as told for their sender and their receiver, from now on. */
  shape(flowOf: (sender: string, receiver: string) => Flow): void;
  /** Breaks the connections of a member or client, cleanly or in the midst of what comes next. */
  break(id: string, how: "at-once" | "mid-frame"): void;
  /**
   * Closes the connections between a member and others at their ends alone: it goes on speaking, to nobody. The result
   * resets what is left of them.
   */
  halfOpen(id: string, others: readonly string[]): () => void;
}

interface Link {
  /** The member or client that dials, if it does. */
  readonly from: string;
  readonly to: string;
  readonly proxy: TcpProxy;
}

/**
 * A cluster whose members reach each other through proxies, one for each ordered pair. Clients reach them directly,
 * but those on a host of `clientHost`.
 */
export class LinkedCluster implements Links {
  readonly cluster: Cluster;
  readonly #links: Link[];

  private constructor(cluster: Cluster, links: Link[]) {
    this.cluster = cluster;
    this.#links = links;
  }

  static async create(name: string, options: ClusterOptions = {}): Promise<LinkedCluster> {
    const links: Link[] = [];
    const cluster = await Cluster.create(name, {
      ...options,
      env: (place, life) => ({
        ...options.env?.(place, life),
        NODE_OPTIONS: `--require ${rerouter}`,
        REROUTE: JSON.stringify(routesFrom(place.id, links, cluster.places)),
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

  async clientHost(name: string): Promise<ClientHost> {
    const doors = new Map<string, string>();
    for (const place of this.cluster.places) {
      const proxy = await TcpProxy.open(portOf(place));
      this.#links.push({ from: name, to: place.id, proxy });
      doors.set(place.address, `127.0.0.1:${proxy.port}`);
    }
    return hostThrough(doors);
  }

  shape(flowOf: (sender: string, receiver: string) => Flow): void {
    for (const { from, to, proxy } of this.#links) {
      proxy.set("forth", flowOf(from, to));
      proxy.set("back", flowOf(to, from));
    }
  }

  break(id: string, how: "at-once" | "mid-frame"): void {
    for (const { from, to, proxy } of this.#links) {
      if (from !== id && to !== id) continue;
      if (how === "at-once") proxy.reset();
      else proxy.breakOff();
    }
  }

  halfOpen(id: string, others: readonly string[]): () => void {
    const out = this.#links.filter(({ from, to }) => from === id && others.includes(to));
    const back = this.#links.filter(({ from, to }) => to === id && others.includes(from));
    for (const { proxy } of out) proxy.close("target");
    for (const { proxy } of back) proxy.close("dialer");
    return () => {
      for (const { proxy } of [...out, ...back]) proxy.resetOrphans();
    };
  }

  /** `deaf`: nothing reaches it. `mute`: nothing comes from it. `cut`: both. `reset`: its connections break. */
  isolate(id: string, how: Isolation): void {
    if (how !== "reset")
      return this.shape((sender, receiver) => ({
        cut: (receiver === id && how !== "mute") || (sender === id && how !== "deaf"),
      }));
    for (const { from, to, proxy } of this.#links) if (from === id || to === id) proxy.refuse();
  }

  heal(): void {
    for (const { proxy } of this.#links) proxy.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await Promise.all(this.#links.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
  }
}

/** The real outside for a client that reaches members elsewhere than where all others do. */
export function hostThrough(doors: ReadonlyMap<string, string>): ClientHost {
  const host = realClientHost({ logger: silentLogger });
  return {
    ...host,
    network: {
      ...host.network,
      dial: (address, options) => host.network.dial(doors.get(address) ?? address, options),
    },
  };
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
