import type { GoldenCommand } from "../world/golden-log.ts";
import type { OpenSessions } from "../world/open-sessions.ts";

/** Nodes that end with a lease, by the lease. */
export class OwnedNodes {
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #owners = new Map<string, string>();

  /** Takes in the next command. Paths of those that stand then although their lease does not. */
  take(golden: GoldenCommand, sessions: OpenSessions): readonly string[] {
    const looked = new Set(endsLeases(golden) ? this.#byOwner.keys() : []);
    for (const { path, node } of golden.events) {
      this.#forget(path);
      const owner = node?.stat.ephemeralOwner ?? null;
      if (owner === null) continue;
      this.#owners.set(path, owner);
      this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(path));
      looked.add(owner);
    }
    return [...looked]
      .filter((owner) => !sessions.open.has(sessions.leases.get(owner) ?? owner))
      .flatMap((owner) => [...(this.#byOwner.get(owner) ?? [])]);
  }

  #forget(path: string): void {
    const owner = this.#owners.get(path);
    if (owner === undefined) return;
    this.#owners.delete(path);
    const owned = this.#byOwner.get(owner);
    owned?.delete(path);
    if (owned?.size === 0) this.#byOwner.delete(owner);
  }
}

function endsLeases({ applied, command }: GoldenCommand): boolean {
  if (applied.type === "expired") return true;
  const type = command?.type === "request" ? command.operation.type : null;
  return type === "close" || type === "revoke";
}
