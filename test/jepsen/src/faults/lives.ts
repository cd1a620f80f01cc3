import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "../processes/cluster.ts";
import type { MemberProcess } from "../processes/member-process.ts";
import { patienceMs } from "../processes/until.ts";
import type { Disks } from "./disks.ts";

type Undo = () => Promise<void>;

/** Ends, stops and starts members. Faults may overlap: a member is well again when the last one that struck it is over. */
export class Lives {
  /** Members whose disk was made to fail: they end by themselves, with exit code 74. */
  readonly failedDisks: Set<string> = new Set();
  /** Members that were told to end in order and did not. */
  readonly endless: string[] = [];
  readonly #cluster: Cluster;
  readonly #disks: Disks;
  readonly #mostMs: number;
  readonly #downs = new Map<string, number>();
  readonly #pauses = new Map<string, number>();
  readonly #failing = new Map<string, number>();
  /** Lives after which the disk was left as a loss of power leaves it. */
  readonly #settledLives = new Map<string, number>();

  /** @param mostMs how long the end in order of a member may take, on a machine that is busy with everything else */
  constructor(cluster: Cluster, disks: Disks, mostMs: number = patienceMs) {
    this.#cluster = cluster;
    this.#disks = disks;
    this.#mostMs = mostMs;
  }

  /** SIGKILL, one right after the other. In a plan with loss of power every death is one: nothing unsynced outlives it. */
  async kill(ids: readonly string[]): Promise<Undo> {
    const members = this.#take(ids);
    for (const member of members) member.signal("SIGKILL");
    await this.#gone(members);
    return () => this.#revive(ids);
  }

  /** SIGTERM; resolves once they are gone, for which SIGKILL provides when patience is over. */
  async stopInOrder(ids: readonly string[]): Promise<Undo> {
    const members = this.#take(ids);
    for (const member of members) {
      if (!member.isRunning) continue;
      member.signal("SIGCONT");
      member.signal("SIGTERM");
    }
    await Promise.all(members.map((member) => this.#endInOrder(member)));
    await this.#gone(members);
    return () => this.#revive(ids);
  }

  /** SIGSTOP, then SIGCONT, once however often that is called for. */
  pause(ids: readonly string[]): Undo {
    let isOver = false;
    for (const id of ids) {
      this.#pauses.set(id, (this.#pauses.get(id) ?? 0) + 1);
      this.#cluster.member(id).signal("SIGSTOP");
    }
    return () => {
      if (isOver) return Promise.resolve();
      isOver = true;
      for (const id of ids) {
        const left = (this.#pauses.get(id) ?? 1) - 1;
        this.#pauses.set(id, left);
        if (left === 0) this.#cluster.member(id).signal("SIGCONT");
      }
      return Promise.resolve();
    };
  }

  /** Their disks fail from now on. With `restart` they are started anew, on sound disks, once it is over. */
  async failDisks(ids: readonly string[], afterwards: "restart" | "keep"): Promise<Undo> {
    if (afterwards === "restart") for (const id of ids) this.failedDisks.add(id);
    for (const id of ids) {
      this.#failing.set(id, (this.#failing.get(id) ?? 0) + 1);
      await this.#disks.fail(id);
    }
    return async () => {
      const revive = afterwards === "restart" ? await this.kill(ids) : null;
      for (const id of ids) {
        const left = (this.#failing.get(id) ?? 1) - 1;
        this.#failing.set(id, left);
        if (left === 0) await this.#disks.mend(id);
      }
      await revive?.();
    };
  }

  async #endInOrder(member: MemberProcess): Promise<void> {
    const patience = new AbortController();
    const isOver = pause(this.#mostMs, true, { signal: patience.signal }).catch(() => false);
    const hasEnded = member.ended().then(() => false);
    if (await Promise.race([hasEnded, isOver])) {
      this.endless.push(`${member.id} did not end within ${this.#mostMs} ms of SIGTERM`);
      member.signal("SIGKILL");
    }
    patience.abort();
  }

  #take(ids: readonly string[]): MemberProcess[] {
    for (const id of ids) this.#downs.set(id, (this.#downs.get(id) ?? 0) + 1);
    return ids.map((id) => this.#cluster.member(id));
  }

  async #gone(members: readonly MemberProcess[]): Promise<void> {
    await Promise.all(members.map((member) => member.ended()));
    for (const place of this.#cluster.places) {
      const { life, isRunning } = this.#cluster.member(place.id);
      if (isRunning || this.#settledLives.get(place.id) === life) continue;
      this.#settledLives.set(place.id, life);
      await this.#disks.cutPower(place, life);
    }
  }

  #revive(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const left = (this.#downs.get(id) ?? 1) - 1;
      this.#downs.set(id, left);
      const member = this.#cluster.member(id);
      if (left === 0 && !member.isRunning) member.start();
    }
    return Promise.resolve();
  }
}
