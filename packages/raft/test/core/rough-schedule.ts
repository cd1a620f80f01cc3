import type { Random } from "@flotilla/runtime";
import type { Entry } from "../../src/core/entry.ts";
import type { Limits } from "../../src/core/options.ts";
import type { Term } from "../../src/core/types.ts";
import { seeded } from "./member.ts";
import { Schedule } from "./schedule.ts";

const bounds: Readonly<Partial<Record<keyof Limits, readonly number[]>>> = {
  maxBatchBytes: [60, 200, 100_000],
  maxBatchEntries: [1, 2, 5],
  maxTaskBytes: [60, 300, 100_000],
  maxApplyBytes: [60, 300, 100_000],
  inflightMessages: [1, 2, 8],
  inflightBytes: [100, 500, 100_000],
  maxUncommittedEntries: [8, 20, 100],
  cacheBytes: [0, 200, 100_000],
};

/** Bounds that batches, windows and caches mostly reach. */
function drawLimits(random: Random): Partial<Limits> {
  const drawn = Object.entries(bounds).map(([name, values]) => [name, values[random.below(values.length)]]);
  return Object.fromEntries(drawn) as Partial<Limits>;
}

const phases = ["work", "work", "cut", "hand over", "storm"] as const;

/**
 * A schedule with small bounds in phases: of work, in which much gets done; with leaders or halves cut off, which go on
 * alone; of leaders that hand over again and again; of storm, in which anything comes at any time. Snapshots take their
 * time throughout, disks and state machines are now slow and now fast, and a disk may hang.
 */
export class RoughSchedule extends Schedule {
  #phase: (typeof phases)[number] = "work";
  /** Whose disk hangs. */
  #stuck: string | null = null;
  /** Who takes most of the snapshots, so that logs begin at different entries. */
  #keen: string | null = null;
  /** In which term each member followed a leader last. */
  readonly #followed = new Map<string, Term>();

  constructor(seed: number, size: number) {
    const random = seeded(seed + 1);
    super(seed, size, {
      electionTicks: 4,
      trailingEntries: random.below(6),
      commitDelayMs: [0, 0, 50, 1000][random.below(4)] ?? 0,
      limits: drawLimits(random),
    });
    for (const id of this.cluster.ids) this.#change(id);
  }

  protected override act(): void {
    const { cluster } = this;
    for (const id of cluster.ids) if (this.random.below(2) === 0) cluster.speak(id);
    if (this.random.below(3) === 0) cluster.hush(this.anyone());
    if (this.random.below(25) === 0) this.#begin(phases[this.random.below(phases.length)] ?? "work");
    const roll = this.random.below(100);
    if (roll < 4) this.snapshot(this.#keen ?? this.anyone());
    else if (roll < 7) cluster.finishInstall(this.anyone());
    else if (roll < 9) this.#change(this.anyone());
    else if (roll < 11) this.#stuck = this.random.below(2) === 0 ? null : this.anyone();
    else if (roll < 13) this.#tell(this.anyone(), this.anyone());
    else if (roll < 19 && this.#phase === "hand over")
      cluster.step(this.anyone(), { type: "transfer", to: null });
    else super.act(this.random.below(this.#phase === "storm" ? 1000 : 938));
    if (this.#phase !== "storm") this.#work();
    for (const id of cluster.ids) this.#follow(id);
  }

  /** What takes long often ends just when another leader is heard of, whose first question may be any. */
  #follow(id: string): void {
    const { cluster } = this;
    const { up, raft } = cluster.get(id);
    const { leader, term } = raft;
    if (!up || leader === null || this.#followed.get(id) === term) return;
    this.#followed.set(id, term);
    if (this.random.below(2) === 0) cluster.finishInstall(id);
    if (this.random.below(2) === 0) this.#tell(leader, id);
  }

  #begin(phase: (typeof phases)[number]): void {
    const { cluster } = this;
    this.#phase = phase;
    this.#keen = this.random.below(3) === 0 ? null : this.anyone();
    cluster.heal();
    if (phase === "storm") return;
    for (const id of cluster.ids) this.restart(id);
    if (phase === "cut") this.#cut();
  }

  /** Cuts leaders off, or some members from the others. */
  #cut(): void {
    const { cluster } = this;
    const leaders = cluster.ids.filter((id) => cluster.get(id).raft.role === "leader");
    const alone = this.random.below(2) === 0 ? leaders : cluster.ids.filter(() => this.random.below(3) === 0);
    for (const a of alone) for (const b of cluster.ids) if (!alone.includes(b)) cluster.cut(a, b);
  }

  #work(): void {
    for (let k = 0; k < 6; k += 1) this.deliver();
    for (const id of this.cluster.ids) {
      if (this.random.below(6) === 0) this.tick(id);
      if (id !== this.#stuck && this.random.below(3) === 0) this.cluster.finishTask(id);
      if (this.random.below(3) === 0) this.cluster.finishApply(id);
    }
  }

  /** A leader tells a member of some entries at any place of its log: where it asks is its own business. */
  #tell(from: string, to: string): void {
    const { cluster } = this;
    const { up, raft, disk } = cluster.get(from);
    if (!up || raft.role !== "leader" || from === to) return;
    const { term, commit } = raft;
    const first = raft.firstIndex - 1;
    const index = first + this.random.below(raft.durable - first + 1);
    const entries: Entry[] = [];
    for (let left = this.random.below(4); left > 0 && index + entries.length < raft.durable; left -= 1) {
      const entry = disk.at(index + 1 + entries.length);
      if (entry !== undefined) entries.push(entry);
    }
    const prev = { index, term: raft.termAt(index) ?? 0 };
    cluster.tell(to, from, { type: "append", term, prev, commit, entries });
  }

  /** What is slow about a member, from now on. */
  #change(id: string): void {
    const member = this.cluster.get(id);
    member.slowDisk = this.random.below(3) > 0;
    member.slowApply = this.random.below(2) > 0;
    member.slowInstall = this.random.below(4) > 0;
  }
}
