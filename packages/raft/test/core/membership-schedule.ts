import { FlotillaError } from "@flotilla/runtime";
import { expect } from "vitest";
import { applyChanges, type MemberChange } from "../../src/core/config/apply-changes.ts";
import {
  type Configuration,
  isJoint,
  isMember,
  type Member as Listed,
  membersOf,
  type Membership,
} from "../../src/core/config/configuration.ts";
import type { Index } from "../../src/core/types.ts";
import { incarnationOf } from "./member.ts";
import { Schedule, type ScheduleOptions } from "./schedule.ts";

const joiners = ["x", "y", "z"];

/**
 * A schedule in which members come and go, one or several at a time, and lose all their data. What would lose a
 * majority of voters for good is left out, as nothing could go on after it.
 */
export class MembershipSchedule extends Schedule {
  /** Changes that entered a leader's log, and those of them that were joint. */
  readonly counts = { changes: 0, joint: 0, refused: 0, replaced: 0 };
  #calm = true;
  // Every configuration that a member has had in force.
  readonly #seen = new Set<Configuration>();

  constructor(seed: number, size: number, options: ScheduleOptions) {
    super(seed, size, { ...options, joiners });
    for (const id of this.cluster.ids) this.#seen.add(this.cluster.get(id).raft.configuration);
  }

  override converge(): void {
    super.converge();
    const { raft } = this.cluster.leader();
    expect(isJoint(raft.configuration)).toBe(false);
    expect(raft.configuration.index).toBeLessThanOrEqual(raft.commit);
    expect(isMember(raft.configuration, raft.id, this.cluster.get(raft.id).incarnation)).toBe(true);
  }

  protected override members(): readonly string[] {
    return membersOf(this.cluster.leader().raft.configuration)
      .filter((member) => this.#isIntact(member))
      .map(({ id }) => id);
  }

  /** Whoever is gone may be needed, by one configuration or the next. */
  protected override dispensable(): readonly string[] {
    return [];
  }

  protected override act(): void {
    // Changes take many messages each: without some peace between the faults hardly one would get through.
    if (this.random.below(150) === 0) this.#calm = !this.#calm;
    if (this.#calm) this.#work();
    const roll = this.random.below(1000);
    if (roll < 50) this.#change();
    else if (roll < 53) this.#replace(this.anyone());
    else if (this.#calm && roll < 100) this.#comeBack();
    else super.act(this.random.below(this.#calm ? 938 : 1000));
    for (const id of this.cluster.ids) this.#seen.add(this.cluster.get(id).raft.configuration);
  }

  #work(): void {
    for (let k = 0; k < 4; k += 1) this.deliver();
    this.cluster.finishTask(this.anyone());
    this.cluster.finishApply(this.anyone());
  }

  #comeBack(): void {
    this.cluster.heal();
    this.restart(this.anyone());
  }

  #isIntact({ id, incarnation }: Listed): boolean {
    return this.cluster.get(id).incarnation === incarnation;
  }

  /** True when a majority of each half could still answer, `lost` apart. */
  #isViable({ voters, outgoing, learners }: Membership, lost: string | null = null): boolean {
    const answers = (member: Listed): boolean => member.id !== lost && this.#isIntact(member);
    const hasMajority = (half: readonly Listed[]): boolean =>
      half.length === 0 || half.filter(answers).length * 2 > half.length;
    // It becomes a voter whatever happens to it meanwhile.
    const isAwaited = learners.some(({ id, promote }) => promote && id === lost);
    return !isAwaited && hasMajority(voters) && hasMajority(outgoing);
  }

  #change(): void {
    const { cluster } = this;
    const leaders = cluster.ids.filter((id) => cluster.get(id).up && cluster.get(id).raft.role === "leader");
    const id = this.random.below(8) === 0 ? this.anyone() : this.#oneOf(leaders);
    if (id === undefined || !cluster.get(id).up) return;
    const { configuration } = cluster.get(id).raft;
    const changes = this.#wishes(configuration);
    if (!this.#mayAsk(configuration, changes)) return;
    const ifVersion = this.random.below(3) > 0 ? null : configuration.index - this.random.below(2);
    const { refusal, index } = cluster.change(id, changes, ifVersion);
    if (refusal !== null) {
      this.counts.refused += 1;
      return;
    }
    this.#checkDone(configuration, ifVersion);
    if (index === configuration.index) return;
    this.counts.changes += 1;
    if (isJoint(cluster.get(id).raft.configurationAt(index))) this.counts.joint += 1;
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.random.below(Math.max(1, items.length))];
  }

  #wishes(configuration: Configuration): readonly MemberChange[] {
    const learner = this.#oneOf(configuration.learners);
    const voter = this.#oneOf(configuration.voters);
    const roll = this.random.below(4);
    if (roll > 0 || learner === undefined || voter === undefined)
      return Array.from({ length: 1 + (roll & 1) }, () => this.#wish(configuration));
    const type = this.random.below(2) === 0 ? "remove" : "demote";
    return [
      { type: "promote", id: learner.id },
      { type, id: voter.id },
    ];
  }

  #checkDone(before: Configuration, ifVersion: Index | null): void {
    const isPlain = !isJoint(before) && before.index <= this.cluster.checkers.committed;
    expect(isPlain && (ifVersion ?? before.index) === before.index).toBe(true);
  }

  #mayAsk(configuration: Configuration, changes: readonly MemberChange[]): boolean {
    try {
      return this.#isViable(applyChanges(configuration, changes));
    } catch (error) {
      if (FlotillaError.is(error)) return true;
      throw error;
    }
  }

  #wish(configuration: Configuration): MemberChange {
    const id = this.anyone();
    const promote = this.random.below(2) === 0;
    const roll = this.random.below(8);
    if (roll === 0) return { type: "address", id, address: `${id}:${1 + this.random.below(9)}` };
    if (roll === 1) return { type: "remove", id };
    if (roll === 2) return { type: "demote", id };
    const { incarnation } = this.cluster.get(id);
    if (!isMember(configuration, id, incarnation)) {
      return { type: "add", id, address: `${id}:1`, incarnation, promote };
    }
    const isLearner = configuration.learners.some((learner) => learner.id === id);
    if (isLearner) return { type: "promote", id };
    return { type: roll < 5 ? "remove" : "demote", id };
  }

  #replace(id: string): void {
    const { cluster } = this;
    const committed = Math.max(
      ...cluster.ids.map((each) => cluster.get(each).raft.committedConfiguration.index),
    );
    const needed = [...this.#seen].filter(({ index }) => index >= committed);
    if (!needed.every((configuration) => this.#isViable(configuration, id))) return;
    this.counts.replaced += 1;
    this.end(id);
    cluster.replace(id, incarnationOf(`${id}${cluster.get(id).disks.size}`));
  }
}
