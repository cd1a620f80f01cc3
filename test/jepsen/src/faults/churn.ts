import { setTimeout as pause } from "node:timers/promises";
import type { MemberInfo } from "@flotilla/coord/client";
import { admin } from "@flotilla/coord/client";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import type { Cluster } from "../processes/cluster.ts";
import { leaderIn, viewsOf } from "../run/views.ts";
import type { Roster } from "./roster.ts";

/**
 * - `add`: a new member joins, first as a learner.
 * - `remove`: the member that has been there longest goes.
 * - `swap`: the one, then the other.
 * - `demote`: the leader, or another one, is a learner for a while.
 */
export const memberChanges = ["add", "remove", "swap", "demote"] as const;
export type MemberChange = (typeof memberChanges)[number];

const leastVoters = 3;
const mostVoters = 7;
const askMs = 3_000;
const pauseMs = 100;
/** Far longer than a change takes once nothing stands in its way, on a machine that is busy with everything else. */
const patienceMs = 60_000;

/**
 * Changes who belongs to the cluster as an operator does, one change after the other, each until it is through, however
 * often it was refused, left unanswered or met no leader.
 */
export class Churn {
  readonly #cluster: Cluster;
  readonly #roster: Roster;
  #last: Promise<void> = Promise.resolve();
  readonly #unmet: string[] = [];
  /** When all other faults were over; null: they are not. A change may take as long as those do. */
  #calmMs: number | null = null;

  constructor(cluster: Cluster, roster: Roster) {
    this.#cluster = cluster;
    this.#roster = roster;
  }

  /** To be called when all other faults are over. Once all that was begun is through or given up: what was given up. */
  async settled(): Promise<readonly string[]> {
    this.#calmMs ??= performance.now();
    await this.#last;
    return this.#unmet;
  }

  /**
   * Begins a change, after those before it.
   * @param isOver true once a member that was demoted may have its vote again
   * @param onNothing called when there was nothing to change
   */
  begin(how: MemberChange, target: string, isOver: () => boolean, onNothing: () => void): void {
    this.#last = this.#last.then(async () => {
      if (!(await this.#make(how, target, isOver))) onNothing();
    });
  }

  /** False when there was nothing to change. */
  async #make(how: MemberChange, target: string, isOver: () => boolean): Promise<boolean> {
    switch (how) {
      case "add":
        return this.#add();
      case "remove":
        return this.#removeOldest();
      case "swap": {
        const isAdded = await this.#add();
        return (await this.#removeOldest()) || isAdded;
      }
      default:
        return this.#demote(target, isOver);
    }
  }

  async #add(): Promise<boolean> {
    const { spare } = this.#roster;
    if (spare === null || this.#roster.ids.length >= mostVoters) return false;
    const { id } = spare;
    // It asks to be added by itself, and gets its vote once it has caught up.
    this.#roster.join(spare);
    this.#cluster.member(id).start();
    await this.#until(
      `${id} votes`,
      (members) => isVoter(members, id),
      () => Promise.resolve(),
    );
    return true;
  }

  async #removeOldest(): Promise<boolean> {
    const [id = ""] = this.#roster.ids;
    if (this.#roster.ids.length <= leastVoters) return false;
    this.#roster.leave(id);
    const isGone = (members: readonly MemberInfo[]): boolean => members.every((member) => member.id !== id);
    await this.#until(`${id} is no member`, isGone, () => this.#admin().members.remove(id));
    return true;
  }

  async #demote(target: string, isOver: () => boolean): Promise<boolean> {
    const leader = leaderIn(await viewsOf(this.#cluster));
    const id = this.#roster.ids.findLast((each) => (each === leader) === (target === "leader"));
    if (id === undefined || this.#roster.ids.length < leastVoters) return false;
    const { members } = this.#admin();
    await this.#until(
      `${id} follows without a vote`,
      (all) => !isVoter(all, id),
      () => members.demote(id),
    );
    while (!isOver()) await pause(pauseMs);
    await this.#until(
      `${id} votes again`,
      (all) => isVoter(all, id),
      () => members.promote(id),
    );
    return true;
  }

  /** Asks until it is so, or for as long as patience lasts in peace. */
  async #until(
    what: string,
    isMet: (members: readonly MemberInfo[]) => boolean,
    ask: () => Promise<unknown>,
  ): Promise<void> {
    const beganMs = performance.now();
    while (performance.now() < Math.max(beganMs, this.#calmMs ?? Infinity) + patienceMs) {
      try {
        // First: it may be so by an earlier try whose answer was lost, and to ask again is refused then.
        const { members } = await this.#admin().members.list();
        if (isMet(members)) return;
        await ask();
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
      await pause(pauseMs);
    }
    this.#unmet.push(`in vain: ${what}`);
  }

  #admin(): ReturnType<typeof admin> {
    return admin({ endpoints: this.#roster, timeoutMs: askMs, logger: silentLogger });
  }
}

function isVoter(members: readonly MemberInfo[], id: string): boolean {
  return members.some((member) => member.id === id && member.role === "voter");
}
