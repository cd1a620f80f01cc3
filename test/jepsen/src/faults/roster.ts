import type { Discovery } from "@flotilla/coord/client";
import type { Cluster, MemberPlace } from "../processes/cluster.ts";

/** Who belongs to the cluster now, of all members that there are or may be; where clients find them. */
export class Roster implements Discovery {
  readonly #cluster: Cluster;
  #current: readonly MemberPlace[];
  readonly #removed = new Set<string>();

  /** At first all but the spares. */
  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#current = cluster.founders;
  }

  /** Oldest first. */
  get ids(): string[] {
    return this.#current.map(({ id }) => id);
  }

  resolve(): Promise<string[]> {
    return Promise.resolve(this.#current.map(({ address }) => address));
  }

  /** They end by themselves, once they know. */
  get removed(): ReadonlySet<string> {
    return this.#removed;
  }

  /** Who has never been a member; null when nobody is left. */
  get spare(): MemberPlace | null {
    const isSpare = ({ id }: MemberPlace): boolean =>
      !this.#removed.has(id) && !this.#current.some((place) => place.id === id);
    return this.#cluster.places.find(isSpare) ?? null;
  }

  /** From now on it counts as a member, which is to be there in the end. */
  join(place: MemberPlace): void {
    this.#current = [...this.#current, place];
  }

  leave(id: string): void {
    this.#removed.add(id);
    this.#current = this.#current.filter((place) => place.id !== id);
  }
}
