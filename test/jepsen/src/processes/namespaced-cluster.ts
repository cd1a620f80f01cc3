import type { ClientHost } from "@flotilla/runtime";
import type { ClusterOptions } from "./cluster.ts";
import { Cluster } from "./cluster.ts";
import type { Links } from "./links.ts";
import { hostThrough } from "./links.ts";
import { Namespaces } from "./namespaces.ts";
import type { Flow } from "./tcp-lane.ts";

const port = 7400;

/**
 * A cluster with a network namespace for each member. Its links can be cut, one way or both, and nothing else. In a
 * process in a network of its own, one at a time.
 */
export class NamespacedCluster implements Links {
  readonly cluster: Cluster;
  readonly #namespaces: Namespaces;

  private constructor(cluster: Cluster, namespaces: Namespaces) {
    this.cluster = cluster;
    this.#namespaces = namespaces;
  }

  static async create(
    name: string,
    options: Omit<ClusterOptions, "siteOf"> = {},
  ): Promise<NamespacedCluster> {
    const { nodes = 3, spares = 0 } = options;
    const ids = Array.from({ length: nodes + spares }, (_, position) => `n${position + 1}`);
    const namespaces = new Namespaces(ids);
    const cluster = await Cluster.create(name, {
      ...options,
      siteOf: (id) => {
        const address = `${namespaces.addressOf(id)}:${port}`;
        const listen = ["--listen", `0.0.0.0:${port}`, "--advertise", address, "--insecure"];
        return { address, listen, launcher: Namespaces.launcher(id) };
      },
    });
    return new NamespacedCluster(cluster, namespaces);
  }

  clientHost(name: string): Promise<ClientHost> {
    const doors = [...this.#namespaces.addClient(name)];
    return Promise.resolve(
      hostThrough(new Map(doors.map(([known, own]) => [`${known}:${port}`, `${own}:${port}`]))),
    );
  }

  shape(flowOf: (sender: string, receiver: string) => Flow): void {
    this.#namespaces.shape((sender, receiver) => {
      const { cut = false, delayMs = 0, bytesPerSecond } = flowOf(sender, receiver);
      if (delayMs > 0 || bytesPerSecond !== undefined)
        throw new RangeError("links of namespaces do not bend");
      return cut;
    });
  }

  /** @throws RangeError always: whoever needs that takes proxies */
  break(): void {
    throw new RangeError("links of namespaces do not break");
  }

  /** @throws RangeError always, as `break` */
  halfOpen(): () => void {
    throw new RangeError("links of namespaces do not close at one end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    this.#namespaces.remove();
  }
}
