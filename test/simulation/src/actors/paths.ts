import type { KeyedRandom } from "@flotilla/runtime/sim";

/** Where registers live. */
export const registerRoot = "/w";
/** Where sequential nodes are made. */
export const queueRoot = "/q";
/** Pairs of nodes that are only written together. */
export const pairRoot = "/m";
/** What leaders write behind their fence. */
export const fenceRoot = "/fence";
/** Where nodes have access lists. */
export const aclRoot = "/acl";
/** Where somebody leads for as long as it wants to. */
export const electionNames: readonly string[] = ["e0", "e1"];
/** Where others take a leader's place by force. */
export const forcedElection = "forced";
/** The service that is registered, and where. */
export const serviceName = "svc";
export const serviceRoot: string = `/registry/${serviceName}`;

/** The group that is joined, and where. */
export const groupName = "crew";
export const groupRoot: string = `/group/${groupName}`;
/** What is configured, and where. */
export const configName = "setting";
export const configRoot: string = `/config/${configName}`;

export const roots: readonly string[] = [registerRoot, queueRoot, pairRoot, fenceRoot];

/** True for where nodes have access lists. */
export function hasList(path: string): boolean {
  return path === aclRoot || path.startsWith(`${aclRoot}/`);
}

const registers = 10;
const pairs = 3;
/** Linearizability is searched path by path, and the search grows with the length. */
const mostOpsPerPath = 250;

/** Names the paths that are in use. */
export class Paths {
  readonly #used = new Map<number, number>();

  /** A register; a fresh one when the one before was used often enough. */
  register(random: KeyedRandom): string {
    // Some are hotter than others.
    const slot = Math.min(random.below(registers), random.below(registers));
    const used = this.#used.get(slot) ?? 0;
    this.#used.set(slot, used + 1);
    return `${registerRoot}/r${slot}-${Math.floor(used / mostOpsPerPath)}`;
  }

  /** The two paths of a pair. */
  pair(random: KeyedRandom): readonly [string, string] {
    const slot = random.below(pairs);
    return [`${pairRoot}/${slot}a`, `${pairRoot}/${slot}b`];
  }

  /** Something to watch: mostly what many write to. */
  watched(random: KeyedRandom): string {
    const slot = Math.min(random.below(registers), random.below(registers));
    const generation = Math.floor((this.#used.get(slot) ?? 0) / mostOpsPerPath);
    const some = [
      registerRoot,
      registerRoot,
      queueRoot,
      pairRoot,
      "/",
      `${registerRoot}/r${slot}-${generation}`,
    ];
    return some[random.below(some.length)] ?? "/";
  }
}
