import type { Machine } from "@flotilla/kv";
import type {
  AppendTask,
  Configuration,
  HardState,
  Index,
  LogId,
  Recovered,
  SoftState,
} from "@flotilla/raft";
import type { SimDisk } from "@flotilla/runtime/sim";
import { durableHard, durableInstalls, durableTail, hardRecord } from "./durable-records.ts";
import { nobody, votes } from "./quorums.ts";
import { ShadowConfigs } from "./shadow-configs.ts";
import { ShadowLog } from "./shadow-log.ts";

const logStore = "log";

/** Applies a batch of the core to a log. */
function applyTask(log: ShadowLog, { reset, truncateFrom, entries }: AppendTask): void {
  if (reset !== null) log.reset(reset);
  if (truncateFrom !== null) log.truncateFrom(truncateFrom);
  log.append(entries);
}

/** What is known of one member from outside: what it says, and what its disk certainly holds. */
export class NodeView {
  readonly id: string;
  /** Counts its processes. */
  life = 0;
  /** The log as far as it was handed to the disk. */
  readonly log: ShadowLog = new ShadowLog();
  /** The log as far as the disk certainly holds it. */
  readonly durable: ShadowLog = new ShadowLog();
  /** The configurations in that log. */
  readonly configs: ShadowConfigs = new ShadowConfigs();
  /** The state machine of its process, or of the last one that it had; null where it is not that of the product. */
  machine: Machine | null = null;
  /** Random name of its data, once its log is open. */
  incarnation = "";
  /** Configurations that were in force in the turn that goes on; never empty. */
  inForce: readonly Configuration[] = [nobody];
  soft: SoftState = { role: "follower", term: 0, leader: null, established: false };
  hard: HardState = { term: 0, vote: null };
  /** Whom it durably voted for, by term. */
  readonly votes: Map<number, string> = new Map();
  /** Number of the newest durable batch of the log. */
  seq = 0;
  /** The same when it last promised something to anyone. */
  promisedSeq = 0;
  commit: Index = 0;
  applied: Index = 0;
  /** Its data was tampered with, and it has not proved itself since. */
  tampered = false;
  /** Its process has told what it found on its disk. */
  isOpen = false;
  /** Bytes of a snapshot have come, and it did not take its place yet. */
  isInstalling = false;
  /** Its data is gone: what runs under its name is somebody else. */
  replaced = false;
  /** Since when its process could run whenever it wanted to, virtual ms. */
  awakeSinceMs = 0;
  /** Since when synced writes are under way, by what they write. */
  readonly writing: Map<string, number> = new Map();
  readonly #forget: () => void;
  /** Proposals made there that have no outcome yet. */
  waitingProposals: () => number = () => 0;
  /** Frames of its log in memory, bytes. */
  logBytes: () => number = () => 0;
  readonly #disk: SimDisk;
  #hardRecord: Uint8Array | undefined;
  #pending: AppendTask | null = null;

  constructor(id: string, disk: SimDisk, nowMs: () => number) {
    this.id = id;
    this.#disk = disk;
    this.#forget = disk.onWrite((stage, about) => {
      if (stage === "begin") this.writing.set(about, nowMs());
      else this.writing.delete(about);
      if (stage === "durable" && about === logStore) this.#refresh();
    });
  }

  /** Since when the write of its log that is under way is; null when there is none. */
  get writingSinceMs(): number | null {
    return this.writing.get(logStore) ?? null;
  }

  /** True when what it writes, synced or not, takes longer than that. */
  isDiskSlowerThan(ms: number, nowMs: number): boolean {
    return this.#disk.stuckForMs > ms || [...this.writing.values()].some((sinceMs) => nowMs - sinceMs > ms);
  }

  /** The configuration in force, committed or not. */
  get configuration(): Configuration {
    return this.inForce.at(-1) ?? nobody;
  }

  /** True when it may vote, as far as it knows. */
  get isVoter(): boolean {
    return votes(this.configuration, this.id, this.incarnation);
  }

  /** Somebody else has its disk from here on. */
  retire(): void {
    this.#forget();
  }

  /** A batch is handed to the disk. */
  take(task: AppendTask): void {
    this.#pending = task;
    applyTask(this.log, task);
    this.configs.take(task);
  }

  /** The process is gone, and with it what was only in memory. */
  died(): void {
    this.isOpen = false;
    this.isInstalling = false;
    this.writing.clear();
    this.#pending = null;
  }

  /** A new process found this. */
  recover(recovered: Recovered): void {
    this.life += 1;
    this.isOpen = true;
    this.#pending = null;
    this.log.recover(recovered);
    this.configs.recover(recovered.configurations);
    this.inForce = [this.configs.newest ?? nobody];
    this.durable.copyFrom(this.log);
    this.#readHard();
    this.seq = this.durableSeq();
    this.soft = { role: "follower", term: recovered.hardState.term, leader: null, established: false };
    this.commit = recovered.commit;
    this.applied = recovered.snapshot.index;
  }

  /** Number of the newest batch on the disk now. */
  durableSeq(): number {
    return durableTail(this.#disk.durableStore(logStore))?.seq ?? 0;
  }

  /**
   * Whether the disk certainly holds everything up to an entry: in the log, or in a snapshot that was
   * received and that the log will go on from.
   */
  holdsDurably(entry: LogId): boolean {
    return this.durable.holds(entry) || this.installs().some(({ index }) => index === entry.index);
  }

  /** Received snapshots on the disk that reach beyond the log there. */
  installs(): readonly LogId[] {
    return durableInstalls(this.#disk).filter(({ index }) => index > this.durable.base.index);
  }

  promised(): void {
    this.promisedSeq = Math.max(this.promisedSeq, this.seq);
  }

  #refresh(): void {
    const tail = durableTail(this.#disk.durableStore(logStore));
    const task = this.#pending;
    if (tail === null || task === null) return;
    this.seq = tail.seq;
    this.#readHard();
    const { index, term } = this.log.last;
    if (tail.last.index !== index || tail.last.term !== term) return;
    applyTask(this.durable, task);
    this.#pending = null;
  }

  #readHard(): void {
    const store = this.#disk.durableStore(logStore);
    const record = hardRecord(store);
    if (record !== undefined && record === this.#hardRecord) return;
    this.#hardRecord = record;
    const hard = durableHard(store);
    if (hard === null) return;
    this.hard = hard;
    if (hard.vote !== null) this.votes.set(hard.term, hard.vote);
  }
}
