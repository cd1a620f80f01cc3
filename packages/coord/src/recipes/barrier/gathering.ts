import type { Node } from "@flotilla/kv";
import type { MultiItem, WatchEvent } from "../../client/api.ts";
import { type LinePaths, waiterPath } from "../line.ts";
import { numberAt, readRecord } from "../record.ts";

/** Someone who came: an ephemeral node. */
interface Party {
  readonly name: string;
  /** How many it counts on, itself included. */
  readonly parties: number;
  readonly czxid: number;
  readonly mzxid: number;
}

/** Those who began together. */
export interface Round {
  /** In the order they came, whether they are still there or not. */
  readonly names: readonly string[];
  /** The revision it began with. */
  readonly epoch: number;
}

/** What the node of a party holds. */
export function partyRecord(parties: number): string {
  return JSON.stringify({ parties });
}

/** Of nobody when it cannot be read. */
export function readRound(node: Node): Round {
  const names = readRecord(node)?.["names"];
  return {
    names: Array.isArray(names) ? names.filter((name) => typeof name === "string") : [],
    epoch: node.stat.mzxid,
  };
}

/** Who came to a double barrier, who waits and who is inside, kept up to date by what a watch of it tells. */
export class Gathering {
  readonly #paths: LinePaths;
  readonly #linePrefix: string;
  readonly #parties = new Map<string, Party>();
  #round: Round | null = null;

  constructor(paths: LinePaths) {
    this.#paths = paths;
    this.#linePrefix = `${paths.line}/`;
  }

  /** Null when the last one is over. */
  get round(): Round | null {
    return this.#round;
  }

  has(name: string): boolean {
    return this.#parties.has(name);
  }

  /** Those of the round who have not left. */
  get inside(): readonly string[] {
    return (this.#round?.names ?? []).filter((name) => this.#parties.has(name));
  }

  /** Those who wait for a round, in the order they came. */
  get waiting(): readonly Party[] {
    const inside = new Set(this.#round?.names);
    const waiting = [...this.#parties.values()].filter(({ name }) => !inside.has(name));
    return waiting.toSorted((a, b) => a.czxid - b.czxid);
  }

  /** Takes in one event. */
  take(event: WatchEvent): void {
    if (event.type !== "snapshot") return this.#see(event.path, event.node);
    this.#parties.clear();
    this.#round = null;
    for (const { path, node } of event.nodes) this.#see(path, node);
  }

  /**
   * What has a round of so many begin, once they are there and the round before is over; null before. It fails as a whole
   * when one of them, or the round before, is no longer as it was seen.
   */
  nextRound(parties: number): readonly MultiItem[] | null {
    const chosen = this.waiting.filter((party) => party.parties === parties).slice(0, parties);
    if (chosen.length < parties || this.inside.length > 0) return null;
    const value = JSON.stringify({ names: chosen.map(({ name }) => name) });
    const path = this.#paths.grant;
    return [
      this.#round === null
        ? { type: "create", path, value }
        : { type: "set", path, value, mzxid: this.#round.epoch },
      ...chosen.map(({ name, mzxid }): MultiItem => {
        return { type: "set", path: waiterPath(this.#paths, name), value: partyRecord(parties), mzxid };
      }),
    ];
  }

  #see(path: string, node: Node | null): void {
    if (path === this.#paths.grant) this.#round = node === null ? null : readRound(node);
    else if (path.startsWith(this.#linePrefix)) this.#seeParty(path.slice(this.#linePrefix.length), node);
  }

  #seeParty(name: string, node: Node | null): void {
    this.#parties.delete(name);
    const record = node === null ? null : readRecord(node);
    // Whoever does not end with a session would be waited for in vain.
    if (node === null || record === null || node.stat.ephemeralOwner === null) return;
    const { czxid, mzxid } = node.stat;
    this.#parties.set(name, { name, parties: numberAt(record, "parties", 0), czxid, mzxid });
  }
}
