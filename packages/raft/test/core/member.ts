import { createHash } from "node:crypto";
import type { Random } from "@flotilla/runtime";
import type { Configuration } from "../../src/core/config/configuration.ts";
import { decodeConfiguration } from "../../src/core/config/config-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { LogReader } from "../../src/core/log/log-reader.ts";
import { endOfTake } from "../../src/core/log/window.ts";
import type { Budget } from "../../src/core/log/window.ts";
import type { Limits, Recovered } from "../../src/core/options.ts";
import { Raft } from "../../src/core/raft.ts";
import type {
  AppendTask,
  Changed,
  Dropped,
  Placed,
  ReadPoint,
  Ready,
  Refused,
  SnapshotOffered,
  TransferEnd,
} from "../../src/core/ready.ts";
import type { SnapshotHead } from "../../src/core/snapshot-head.ts";
import type { HardState, Index, LogId } from "../../src/core/types.ts";

/** Randomness from a seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    u32,
    below: (limit) => u32() % limit,
    float: () => u32() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => u32() & 0xff),
  };
}

const zero: LogId = { index: 0, term: 0 };

/** What a joiner knows before it was contacted. */
export const nobody: Configuration = {
  index: 0,
  historyId: "",
  voters: [],
  outgoing: [],
  learners: [],
  leaseReads: false,
};

export function founding(ids: readonly string[]): Configuration {
  return { ...nobody, voters: ids.map((id) => ({ id, address: `${id}:1`, incarnation: "" })) };
}

export function incarnationOf(id: string): string {
  return Buffer.from(id.padEnd(16, "-").slice(0, 16)).toString("hex");
}

/** A configuration as a founded cluster has it, standing for what came before the log. */
export function founded(ids: readonly string[]): Configuration {
  const voters = ids.map((id) => ({ id, address: `${id}:1`, incarnation: incarnationOf(id) }));
  return { ...nobody, historyId: "ab".repeat(16), voters };
}

/** A joint configuration: the voters to come, those before, and the learners, who wait for nothing. */
export function jointOf(
  voters: readonly string[],
  outgoing: readonly string[],
  learners: readonly string[] = [],
): Configuration {
  return {
    ...founded(voters),
    outgoing: founded(outgoing).voters,
    learners: founded(learners).voters.map((learner) => ({ ...learner, promote: false })),
  };
}

export interface StoredSnapshot {
  readonly last: LogId;
  readonly timeMs: number;
  readonly configuration: Configuration;
  readonly state: readonly string[];
}

/** What a leader says of a snapshot. */
export function headOf({ last, timeMs, configuration, state }: StoredSnapshot): SnapshotHead {
  const bytes = JSON.stringify(state);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { last, timeMs, configuration, totalBytes: bytes.length, hash };
}

// Checkers ask after every step.
const decoded = new WeakMap<Entry, Configuration>();

function configurationOf(entry: Entry): Configuration {
  const known = decoded.get(entry) ?? decodeConfiguration(entry.payload, entry.index);
  decoded.set(entry, known);
  return known;
}

/** What survives a crash. */
export class MemoryDisk implements LogReader {
  hardState: HardState = { term: 0, vote: null };
  compacted: LogId = zero;
  entries: Entry[] = [];
  commit: Index = 0;
  snapshot: StoredSnapshot | null = null;
  /** Entries that the core had read back. */
  entriesRead = 0;
  /** In force at `compacted`. */
  base: Configuration;

  constructor(initial: Configuration) {
    this.base = initial;
  }

  get last(): LogId {
    return this.entries.at(-1) ?? this.compacted;
  }

  at(index: Index): Entry | undefined {
    return this.entries[index - this.compacted.index - 1];
  }

  write(task: AppendTask): void {
    if (task.reset !== null) {
      this.#resetTo(task.reset);
    }
    if (task.truncateFrom !== null) this.entries.length = task.truncateFrom - this.compacted.index - 1;
    for (const entry of task.entries) {
      if (entry.index !== this.last.index + 1) throw new Error(`hole before ${entry.index}`);
      this.entries.push(entry);
    }
    this.hardState = task.hardState ?? this.hardState;
    this.commit = task.commit;
  }

  /** The configuration in force at the end of the log, as it stands here. */
  configuration(): Configuration {
    return this.#configurations().at(-1) ?? this.base;
  }

  compactTo({ index, term }: LogId): void {
    this.base = this.#configurations().findLast((one) => one.index <= index) ?? this.base;
    this.entries = this.entries.slice(index - this.compacted.index);
    this.compacted = { index, term };
  }

  read(from: Index, budget: Budget): readonly Entry[] | "compacted" {
    if (from <= this.compacted.index) return "compacted";
    const first = from - this.compacted.index - 1;
    const found = this.entries.slice(first, endOfTake(this.entries, first, this.entries.length, budget));
    this.entriesRead += found.length;
    return found;
  }

  recover(): Recovered {
    const snapshot = this.snapshot?.last ?? zero;
    const known = snapshot.index === this.compacted.index ? this.compacted : this.at(snapshot.index);
    if (snapshot.index > this.compacted.index && known?.term !== snapshot.term) {
      this.#resetTo(snapshot);
    }
    return {
      hardState: this.hardState,
      configurations: this.#configurations(),
      snapshot,
      compacted: this.compacted,
      last: { index: this.last.index, term: this.last.term },
      termRuns: this.entries.filter(({ index, term }) => index === 1 || this.at(index - 1)?.term !== term),
      lastTimeMs: this.entries.at(-1)?.timeMs ?? this.snapshot?.timeMs ?? 0,
      commit: this.commit,
    };
  }

  #resetTo(last: LogId): void {
    this.compacted = last;
    this.entries = [];
    this.base = this.snapshot?.configuration ?? this.base;
  }

  #configurations(): Configuration[] {
    const inLog = this.entries.filter(({ kind }) => kind === "config");
    return [this.base, ...inLog.map((entry) => configurationOf(entry))];
  }
}

export interface MemberOptions {
  readonly id: string;
  readonly configuration: Configuration;
  readonly random: Random;
  readonly electionTicks?: number;
  readonly askEveryTicks?: number;
  readonly heartbeatMs?: number;
  readonly commitDelayMs?: number;
  readonly limits?: Partial<Limits>;
}

/** One node: a core, its disk, its state machine, and what it told its callers. */
export class Member {
  readonly id: string;
  disk: MemoryDisk;
  /** Every disk that this id has had, by incarnation. */
  readonly disks: Map<string, MemoryDisk>;
  readonly probes: string[] = [];
  readonly reads: ReadPoint[] = [];
  /** Reads answered from a lease. */
  leaseReads = 0;
  readonly placed: Placed[] = [];
  readonly dropped: Dropped[] = [];
  readonly refused: Refused[] = [];
  readonly transfers: TransferEnd[] = [];
  readonly changes: Changed[] = [];
  /** The most entries that one `ready` had read back. */
  mostReadBack = 0;
  /** The core says that this node is no member any more. */
  removed = false;
  incarnation: string;
  raft: Raft;
  /** `term:payload` of every applied entry; position 0 is entry 1. */
  state: string[] = [];
  task: AppendTask | null = null;
  applying: readonly Entry[] = [];
  /** Offered, and not received as a whole yet. */
  installing: SnapshotOffered | null = null;
  up = true;
  /** True: append tasks wait for `Cluster.flush`. */
  slowDisk = false;
  /** True: apply tasks wait for `Cluster.flush`. */
  slowApply = false;
  /** True: an offered snapshot waits for `Cluster.flush` or `finishInstall`. */
  slowInstall = false;
  nowMs = 0;
  wallMs = 1_000_000;
  readonly #options: MemberOptions;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.id = options.id;
    this.incarnation = incarnationOf(options.id);
    this.disk = new MemoryDisk(options.configuration);
    this.disks = new Map([[this.incarnation, this.disk]]);
    this.raft = this.start();
  }

  /** An empty disk, with another name for what will be on it. */
  lose(incarnation: string): void {
    this.incarnation = incarnation;
    this.disk = new MemoryDisk(nobody);
    this.disks.set(incarnation, this.disk);
  }

  /** True when that entry became durable under that incarnation; empty: whichever. */
  holds(incarnation: string, { index, term }: LogId): boolean {
    const disk = this.disks.get(incarnation === "" ? this.incarnation : incarnation);
    if (disk === undefined) return false;
    return index <= disk.compacted.index || disk.at(index)?.term === term;
  }

  /** Payloads applied, without the entries that leaders add. */
  get commands(): string[] {
    return this.state
      .map((text) => text.slice(text.indexOf(":") + 1))
      .filter((text) => text !== "noop" && text !== "config");
  }

  /** Of the entries in the log. */
  get terms(): (number | null)[] {
    const { firstIndex, last } = this.raft;
    return Array.from({ length: last.index - firstIndex + 1 }, (_, k) => this.raft.termAt(firstIndex + k));
  }

  get electionTicks(): number {
    return this.#options.electionTicks ?? 10;
  }

  /** Takes out what the core has to say. */
  ready(): Ready {
    const before = this.disk.entriesRead;
    const ready = this.raft.ready();
    this.mostReadBack = Math.max(this.mostReadBack, this.disk.entriesRead - before);
    return ready;
  }

  /** A fresh core over what the disk holds. */
  start(): Raft {
    const {
      id,
      random,
      askEveryTicks = 1,
      heartbeatMs = 100,
      commitDelayMs = 0,
      limits = {},
    } = this.#options;
    const recovered = this.disk.recover();
    this.task = null;
    this.applying = [];
    this.installing = null;
    this.up = true;
    this.removed = false;
    this.state = [...(this.disk.snapshot?.state ?? [])];
    this.raft = new Raft({
      id,
      incarnation: this.incarnation,
      electionTicks: this.electionTicks,
      askEveryTicks,
      heartbeatMs,
      commitDelayMs,
      random,
      start: { nowMs: this.nowMs, wallMs: this.wallMs },
      recovered,
      reader: this.disk,
      limits,
      probe: (name) => this.probes.push(name),
    });
    return this.raft;
  }
}
