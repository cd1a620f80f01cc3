import type { Random } from "@flotilla/runtime";
import { expect } from "vitest";
import { Cluster, type ClusterOptions } from "./cluster.ts";
import { seeded } from "./member.ts";

export type ScheduleOptions = Omit<ClusterOptions, "seed">;

/** A run of random faults and calls over one group, then peace, in which it must converge. */
export class Schedule {
  readonly cluster: Cluster;
  protected readonly random: Random;
  // Per member and read: what was committed anywhere when the read was made.
  readonly #reads = new Map<string, number>();
  // Payload of every proposal by its id, and who made it in which life.
  readonly #proposals = new Map<number, { readonly text: string; readonly by: string }>();
  readonly #lives = new Map<string, number>();

  constructor(seed: number, size: number, options: ScheduleOptions) {
    this.random = seeded(seed);
    const ids = ["a", "b", "c", "d", "e"].slice(0, size);
    this.cluster = new Cluster(ids, { ...options, seed });
    this.cluster.checkers.watchDisks((id) => this.cluster.get(id));
    for (const id of this.cluster.ids) this.#slow(id);
  }

  run(steps: number): void {
    for (let k = 0; k < steps; k += 1) {
      this.act();
      this.#checkReads();
      if (this.cluster.wire.length > 400) this.cluster.wire.splice(0, 200);
    }
  }

  /**
   * Faults stop: one leader, every proposal of it applied everywhere. Links are made anew, or have lost what they have
   * lost; before that, all but some majority may be gone.
   */
  converge(): void {
    const { cluster } = this;
    for (const id of cluster.ids) cluster.speak(id);
    cluster.heal();
    const way = this.random.below(3);
    if (way === 0) this.#goOnWithout(this.dispensable());
    for (const id of cluster.ids) {
      if (!cluster.get(id).up) cluster.restart(id);
      this.#hasten(id);
    }
    cluster.settle();
    for (const a of cluster.ids)
      for (const b of cluster.ids)
        if (a !== b && way === 2) cluster.step(a, { type: "snapshot-sent", to: b, ok: false });
        else if (a < b) cluster.link(a, b);
    cluster.tick(60);
    cluster.propose(cluster.leader().id, "the end");
    cluster.settle();
    cluster.tick(3);
    this.#checkReads();
    this.#readAtOnce();
    const expected = cluster.leader().state;
    expect(expected.at(-1)).toMatch(/:the end$/);
    for (const id of this.members()) expect(cluster.get(id).state).toEqual(expected);
    this.#checkProposals(expected);
    for (const id of cluster.ids) expect(cluster.get(id).refused).toEqual([]);
  }

  /** Who must have applied everything in the end. */
  protected members(): readonly string[] {
    return this.cluster.ids;
  }

  /** Some without whom the others are a majority for certain. */
  protected dispensable(): readonly string[] {
    const { ids } = this.cluster;
    // A cluster is founded by all.
    if (ids.some((id) => this.cluster.get(id).raft.configuration.historyId === "")) return [];
    const first = this.random.below(ids.length);
    const turned = [...ids.slice(first), ...ids.slice(0, first)];
    return turned.slice(Math.floor(ids.length / 2) + 1);
  }

  /** The others elect a leader, which commits. */
  #goOnWithout(gone: readonly string[]): void {
    const { cluster } = this;
    for (const id of gone) if (cluster.get(id).up) this.end(id);
    const others = cluster.ids.filter((id) => !gone.includes(id));
    for (const id of others) {
      if (!cluster.get(id).up) cluster.restart(id);
      this.#hasten(id);
    }
    cluster.settle();
    for (const a of others) for (const b of others) if (a < b) cluster.link(a, b);
    cluster.tick(60);
    expect(cluster.leader().raft.established).toBe(true);
  }

  /** Nothing takes its time there any more. */
  #hasten(id: string): void {
    const member = this.cluster.get(id);
    member.slowDisk = false;
    member.slowApply = false;
    member.slowInstall = false;
    this.cluster.flush(id);
  }

  /** PromptRead: with everybody there, a read takes a round of messages and no tick. */
  #readAtOnce(): void {
    const { cluster } = this;
    for (const id of this.members()) cluster.read(id);
    cluster.settle();
    for (const id of this.members()) {
      const indexes = cluster
        .get(id)
        .reads.splice(0)
        .map(({ index }) => index);
      expect(indexes).toEqual([cluster.checkers.committed]);
    }
  }

  #life(id: string): string {
    return `${id} ${this.#lives.get(id) ?? 0}`;
  }

  /** Applied at most once, where it was said to be, never when certainly dropped, and every one settled. */
  #checkProposals(state: readonly string[]): void {
    const { cluster } = this;
    const commands = cluster.commands(cluster.leader().id);
    const applied = new Set(commands);
    expect(applied.size).toBe(commands.length);
    const settled = new Set<number>();
    for (const id of cluster.ids) {
      for (const { firstId, count, firstIndex, term } of cluster.get(id).placed) {
        for (let k = 0; k < count; k += 1) {
          settled.add(firstId + k);
          const text = state[firstIndex + k - 1];
          const { text: own } = this.#proposals.get(firstId + k) ?? { text: "the end" };
          if (text?.startsWith(`${term}:`) === true) expect(text).toBe(`${term}:${own}`);
          else expect(applied.has(own)).toBe(false);
        }
      }
      for (const { firstId, count, certain } of cluster.get(id).dropped) {
        for (let k = 0; k < count; k += 1) {
          settled.add(firstId + k);
          if (certain) expect(applied.has(this.#proposals.get(firstId + k)?.text ?? "")).toBe(false);
        }
      }
    }
    const open = [...this.#proposals].filter(
      ([id, { by }]) => !settled.has(id) && by === this.#life(by.slice(0, 1)),
    );
    expect(open).toEqual([]);
  }

  #slow(id: string): void {
    const member = this.cluster.get(id);
    member.slowDisk = this.random.below(4) > 0;
    member.slowApply = this.random.below(2) > 0;
  }

  /** One call or fault; below 945 no fault beyond what `deliver` loses. */
  protected act(roll: number = this.random.below(1000)): void {
    const { cluster } = this;
    const id = this.anyone();
    if (roll < 430) this.deliver();
    else if (roll < 600) this.tick(id);
    else if (roll < 760) cluster.finishTask(id);
    else if (roll < 820) cluster.finishApply(id);
    else if (roll < 900) this.#propose(id);
    else if (roll < 930) this.#read(id);
    else if (roll < 938) this.snapshot(id);
    else if (roll < 945) cluster.step(id, { type: "transfer", to: this.#maybeAnyone() });
    else if (roll < 957) this.#crash(id);
    else if (roll < 980) this.restart(id);
    else if (roll < 985) cluster.cut(id, this.anyone());
    else if (roll < 992) cluster.heal();
    else cluster.link(id, this.#otherThan(id));
  }

  protected anyone(): string {
    return this.cluster.ids[this.random.below(this.cluster.ids.length)] ?? "a";
  }

  #maybeAnyone(): string | null {
    return this.random.below(3) === 0 ? null : this.anyone();
  }

  #otherThan(id: string): string {
    const others = this.cluster.ids.filter((other) => other !== id);
    return others[this.random.below(others.length)] ?? id;
  }

  protected deliver(): void {
    const { wire } = this.cluster;
    if (wire.length === 0) return;
    // Mostly oldest first, or nothing would ever get done.
    const position = this.random.below(4) === 0 ? this.random.below(wire.length) : 0;
    const roll = this.random.below(40);
    const parcel = wire[position];
    if (roll > 0) wire.splice(position, 1);
    if (parcel !== undefined && roll !== 1) this.cluster.deliver(parcel);
  }

  protected tick(id: string): void {
    const member = this.cluster.get(id);
    member.nowMs += this.random.below(200);
    member.wallMs += this.random.below(400) - 150;
    this.cluster.step(id, { type: this.random.below(5) === 0 ? "wake" : "tick" });
  }

  #propose(id: string): void {
    if (!this.cluster.get(id).up) return;
    const first = this.#proposals.size + 1;
    const texts = Array.from({ length: 1 + this.random.below(3) }, (_, k) => `p${first + k}`);
    for (const [k, text] of texts.entries()) this.#proposals.set(first + k, { text, by: this.#life(id) });
    expect(this.cluster.propose(id, ...texts)).toBe(first);
  }

  #read(id: string): void {
    if (!this.cluster.get(id).up) return;
    const committed = this.cluster.checkers.committed;
    this.#reads.set(`${id}/${this.cluster.read(id)}`, committed);
  }

  #checkReads(): void {
    for (const id of this.cluster.ids) {
      for (const { id: read, index } of this.cluster.get(id).reads.splice(0)) {
        if (index === null) continue;
        const committed = this.#reads.get(`${id}/${read}`) ?? Number.POSITIVE_INFINITY;
        if (index < committed) throw new Error(`read point ${index} is older than ${committed}`);
      }
    }
  }

  protected snapshot(id: string): void {
    const member = this.cluster.get(id);
    if (member.up && member.applying.length === 0) this.cluster.snapshot(id);
  }

  #crash(id: string): void {
    const { cluster } = this;
    const member = cluster.get(id);
    if (!member.up) return;
    // A write under way may reach the disk although nobody was told.
    if (member.task !== null && this.random.below(2) === 0) member.disk.write(member.task);
    this.end(id);
    if (this.random.below(3) === 0) return;
    for (const other of cluster.ids) cluster.step(other, { type: "peer-down", peer: id, byPeer: true });
  }

  /** The process dies. */
  protected end(id: string): void {
    this.cluster.crash(id);
    this.#lives.set(id, (this.#lives.get(id) ?? 0) + 1);
  }

  protected restart(id: string): void {
    if (this.cluster.get(id).up) return;
    this.#slow(id);
    this.cluster.restart(id);
  }
}
