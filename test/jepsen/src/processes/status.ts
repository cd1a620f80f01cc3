import type { NodeStatus } from "@flotilla/coord/client";
import type { Client, Cluster } from "./cluster.ts";

/** A session at each member, by the member's id: it stays there and tells how that member sees things. */
export class Observers implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #clients: ReadonlyMap<string, Client>;

  private constructor(cluster: Cluster, clients: ReadonlyMap<string, Client>) {
    this.#cluster = cluster;
    this.#clients = clients;
  }

  static async open(cluster: Cluster): Promise<Observers> {
    const clients = await Promise.all(
      cluster.places.map(async (place) => {
        const client = await cluster.connectTo(place, { sessionTtlMs: 120_000 });
        return [place.id, client] as const;
      }),
    );
    return new Observers(cluster, new Map(clients));
  }

  at(id: string): Client {
    const client = this.#clients.get(id);
    if (client === undefined) throw new RangeError(`no member ${id}`);
    return client;
  }

  /** The member that leads in its own eyes and in those of another one of `among`. */
  leader(among: readonly string[]): Promise<string> {
    return this.#cluster.until(`a leader among ${among.join(", ")}`, async () => {
      const views = await Promise.all(among.map((id) => this.#view(id)));
      const led = views.find((view) => view?.role === "leader");
      return views.filter((view) => view?.leader === led?.id && view?.term === led?.term).length > 1
        ? led?.id
        : undefined;
    });
  }

  /** Waits until all members have applied the same and have the same tree. Nobody may be writing. */
  async converged(): Promise<void> {
    await this.#cluster.until("the same tree at every member", async () => {
      const views = await Promise.all([...this.#clients.keys()].map((id) => this.#view(id)));
      const trees = new Set(views.map((view) => `${view?.applied} ${view?.revision} ${view?.digest}`));
      return (trees.size === 1 && views.every((view) => view !== undefined)) || undefined;
    });
  }

  /** How each member sees things, for the message of a failing test. */
  async describe(): Promise<string> {
    const views = await Promise.all([...this.#clients.keys()].map((id) => this.#view(id)));
    return JSON.stringify(views);
  }

  async #view(id: string): Promise<NodeStatus | undefined> {
    return this.at(id)
      .session.status({ timeoutMs: 2_000 })
      .catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
