import type { Random } from "@flotilla/runtime";
import type { Configuration } from "./config/configuration.ts";
import type { Stamped } from "./event.ts";
import type { LogReader } from "./log/log-reader.ts";
import type { HardState, Index, LogId, NodeId } from "./types.ts";

/** What a node finds on its disk when it starts. */
export interface Recovered {
  /** Term 0 and no vote on a fresh disk. */
  readonly hardState: HardState;
  /**
   * Ascending by index, at least one: the one in force at `compacted` (the founding one, the newest
   * snapshot's, or the last compacted configuration entry), then that of every `config` entry in the log.
   */
  readonly configurations: readonly Configuration[];
  /** The newest snapshot, which the state machine holds; zeroes when there is none. */
  readonly snapshot: LogId;
  /** The entry before the first one kept, at most `snapshot`; zeroes when nothing was ever compacted. */
  readonly compacted: LogId;
  /** The last entry of the log; equals `compacted` when the log is empty. */
  readonly last: LogId;
  /**
   * The first entry of every run of equal terms in the log, ascending. The first item may lie at or below
   * `compacted`; it then stands for the run that reaches into the log.
   */
  readonly termRuns: readonly LogId[];
  /** `timeMs` of entry `last`; 0 when there never was one. */
  readonly lastTimeMs: number;
  /** Committed at least up to here; clamped to [`snapshot.index`, `last.index`]. */
  readonly commit: Index;
}

/** Bounds of everything that could grow. */
export interface Limits {
  /** Frames in one append message, bytes; a single larger entry still travels alone. Default 256 KiB, at most 8 MiB. */
  readonly maxBatchBytes: number;
  /** Entries in one append message. Default 1,024. */
  readonly maxBatchEntries: number;
  /** Frames in one append task, bytes; a single larger entry still goes alone. Default 1 MiB. */
  readonly maxTaskBytes: number;
  /** Frames in one apply task, bytes; a single larger entry still goes alone. Default 1 MiB. */
  readonly maxApplyBytes: number;
  /** Entries in one apply task, and applied in one turn. Default 1,024. */
  readonly maxApplyEntries: number;
  /** Append messages on their way to one peer. Default 256. */
  readonly inflightMessages: number;
  /** Frames on their way to one peer, bytes. Default 8 MiB, at most 16 MiB. */
  readonly inflightBytes: number;
  /** Proposals not yet committed (leader) or not yet answered (forwarded). Default 8,192. */
  readonly maxUncommittedEntries: number;
  /** Payloads that a leader has not committed yet, bytes; a single larger one still goes alone. Default 16 MiB. */
  readonly maxUncommittedBytes: number;
  /** Payloads handed to the leader and not yet answered, bytes; a single larger one still goes alone. Default 4 MiB, at most 16 MiB. */
  readonly maxForwardedBytes: number;
  /** Reads waiting for a read point. Default 8,192. */
  readonly maxReads: number;
  /**
   * Frames in memory beside the cache because they are not durable here yet, bytes. Beyond it a leader takes up no
   * proposals, and a follower puts off what it is sent: its leader sends it again. Default 32 MiB.
   */
  readonly maxUnstableBytes: number;
  /** Proposals of this node without an outcome, those committed and not yet applied among them. Default 16,384. */
  readonly maxPendingProposals: number;
  /** Largest snapshot taken from a peer, bytes: it is held in memory as a whole. Default 4 GiB. */
  readonly maxSnapshotBytes: number;
  /** Frames of stable entries kept in memory, bytes. Default 8 MiB. */
  readonly cacheBytes: number;
}

const kib = 1024;
const mib = 1024 * kib;

export const defaultLimits: Limits = {
  maxBatchBytes: 256 * kib,
  maxBatchEntries: 1024,
  maxTaskBytes: mib,
  maxApplyBytes: mib,
  maxApplyEntries: 1024,
  inflightMessages: 256,
  inflightBytes: 8 * mib,
  maxUncommittedEntries: 8192,
  maxUncommittedBytes: 16 * mib,
  maxForwardedBytes: 4 * mib,
  maxReads: 8192,
  maxUnstableBytes: 32 * mib,
  maxPendingProposals: 16_384,
  maxSnapshotBytes: 4096 * mib,
  cacheBytes: 8 * mib,
};

/** The bounds of what frees something or keeps leases alive: an eighth beyond what all others may fill. */
export function reservedLimits(limits: Limits): Limits {
  const { maxUncommittedEntries, maxUncommittedBytes, maxForwardedBytes } = limits;
  return {
    ...limits,
    maxUncommittedEntries: anEighthMore(maxUncommittedEntries),
    maxUncommittedBytes: anEighthMore(maxUncommittedBytes),
    maxForwardedBytes: anEighthMore(maxForwardedBytes),
    maxReads: anEighthMore(limits.maxReads),
    maxPendingProposals: anEighthMore(limits.maxPendingProposals),
  };
}

function anEighthMore(bound: number): number {
  return bound + Math.ceil(bound / 8);
}

/** True when a leader may have so many uncommitted entries of so many bytes. */
export function fitsUncommitted(entries: number, bytes: number, limits: Limits): boolean {
  return entries <= limits.maxUncommittedEntries && bytes <= limits.maxUncommittedBytes;
}

/** True when so many proposals of so many bytes may be with the leader. */
export function fitsForwarded(entries: number, bytes: number, limits: Limits): boolean {
  return entries <= limits.maxUncommittedEntries && bytes <= limits.maxForwardedBytes;
}

/** What a core stands on. */
export interface RaftCoreOptions {
  readonly id: NodeId;
  /** This node's incarnation, 16 bytes as hex. */
  readonly incarnation: string;
  /** Ticks without a leader before a campaign; each wait is drawn from [1, 2) times it. Default 10, at least 3. */
  readonly electionTicks?: number;
  /**
   * A leader asks an idle peer for an answer to its heartbeats only every so many ticks, unless something waits for the
   * answer. Fewer than `electionTicks`. Default 1: with every heartbeat.
   */
  readonly askEveryTicks?: number;
  /** Length of a tick, ms. A pledge lasts as long as the shortest wait for a leader. Default 100. */
  readonly heartbeatMs?: number;
  /**
   * How long a leader may keep word of a commit, ms, so that it travels with the next entries instead of alone. A peer
   * that handed over entries which it does not know committed hears at once, and so do all when nothing else is under
   * way. Default 0.
   */
  readonly commitDelayMs?: number;
  readonly random: Random;
  /** Time of construction. */
  readonly start: Stamped;
  readonly recovered: Recovered;
  readonly reader: LogReader;
  /** Every bound left out takes its default. */
  readonly limits?: Partial<Limits>;
  /** Whether the state machine can apply a payload; one handed over by a peer that it cannot is refused. Default: any. */
  readonly accepts?: (payload: Uint8Array) => boolean;
  /** What an earlier life may have pledged, ms, if that is more than this one pledges. Default 0. */
  readonly pledgedMs?: number;
  /** True once the next life will know how long a pledge of this one is. Default: it does. */
  readonly mayPledge?: () => boolean;
  /** The first committed configuration that named this node, as an earlier life knew it. Default null: none that is known. */
  readonly memberSince?: Index | null;
  /** Marks a rare branch by name. */
  readonly probe: (name: string) => void;
}
