import type { Host, Store } from "@flotilla/runtime";
import { decodeConfiguration } from "../core/config/config-codec.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { Recovered } from "../core/options.ts";
import type { HardState, LogId, NodeId } from "../core/types.ts";
import type { Restoring, StateMachine } from "../node/state-machine.ts";
import type { Founder } from "../node/types.ts";
import { identify } from "./birth.ts";
import { markOf } from "./config-history.ts";
import type { ConfigMark } from "./config-history.ts";
import { HighWater } from "./high-water.ts";
import { foundingConfiguration } from "./identity.ts";
import { LogStore } from "./log-store.ts";
import { recoverLog, sweepLeftovers } from "./log-recovery.ts";
import type { RecoveredLog } from "./log-recovery.ts";
import { PledgeWindow } from "./pledge-window.ts";
import { MembershipMark } from "./membership-mark.ts";
import { restoreState } from "./restore-state.ts";
import { damaged, readSealed } from "./sealed.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import { Skips } from "./skips.ts";
import { TimedFiles } from "./timed-files.ts";
import type { Waits } from "./timed-files.ts";

export interface StorageOptions {
  readonly host: Pick<Host, "clock" | "disk" | "random" | "logger" | "probe">;
  readonly cluster: string;
  readonly id: NodeId;
  readonly bootstrap?: readonly Founder[] | undefined;
  /** Make data without founders when there never was any. Default false. */
  readonly join?: boolean | undefined;
  /** Builds the state of the newest sound snapshot. Default: that is only proved to be sound. */
  readonly stateMachine?: Pick<StateMachine, "beginRestore"> | undefined;
  /** Hears of failures that no call reports. */
  readonly onFailure: (error: unknown) => void;
}

/** A node's data, proved to be its own and whole. */
export interface Storage {
  readonly incarnation: string;
  readonly recovered: Recovered;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly highWater: HighWater;
  /** Entries that the state machine passes over. */
  readonly skips: Skips;
  readonly pledges: PledgeWindow;
  readonly membership: MembershipMark;
  /** How long the files beside the store have owed an answer. */
  readonly waits: Waits;
  /** What the state machine starts from, once `replace` is called; null: from nothing. */
  readonly restore: StartingState | null;
}

/** The state of a snapshot, built and proved. */
export interface StartingState {
  readonly last: LogId;
  readonly timeMs: number;
  readonly replace: () => void;
}

interface Loaded {
  readonly meta: SnapshotMeta;
  readonly replace: () => void;
}

/** Takes a snapshot for what it is. */
const nobody: Restoring = { write: () => {}, work: () => false, prove: () => {}, replace: () => {} };
const zero: LogId = { index: 0, term: 0 };

/**
 * Opens the data of a node and proves it, or makes it (`bootstrap`, `join`) when there never was any.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_LOCKED`,
 * `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_BAD_CONFIG`, `ERR_FLOTILLA_UNSUPPORTED`; whatever the state machine throws
 * for a sound snapshot
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const store = await options.host.disk.openStore("log");
  try {
    return await open(store, options);
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
}

async function open(store: Store, options: StorageOptions): Promise<Storage> {
  const { clock, disk, random } = options.host;
  const files = new TimedFiles(disk.files, clock);
  const { cluster, id, bootstrap, join = false } = options;
  const identity = await identify(store, { disk, random, cluster, id, bootstrap, join });
  const { mark, highWater } = await HighWater.open({ clock, disk: { files } }, options.onFailure);
  const found = await recoverLog(store);
  if (found.tail.seq < mark)
    throw damaged(`the store is at batch ${found.tail.seq}, but batch ${mark} was durable`);
  if (found.leftovers) await sweepLeftovers(store, found.tail);
  const log = new LogStore(store, found, options.onFailure);
  const skips = await Skips.open(files);
  const pledges = await PledgeWindow.open(files);
  const membership = await MembershipMark.open(files, identity.incarnation);
  const snapshots = await SnapshotStore.open(files);
  const loaded = await loadSnapshot(snapshots, log, options);
  const hardState = loaded === null ? found.hardState : await reconcile(log, loaded.meta, found.hardState);
  const founding = foundingConfiguration(identity.founders);
  const recovered = describe(found, log, hardState, loaded?.meta ?? null, founding);
  // Power loss may have taken the mark along: what the log holds beyond it was promised all the same. Once nothing can
  // fail any more, as it goes on by itself.
  if (log.seq > mark) highWater.note(log.seq);
  const restore =
    loaded === null ? null : { last: loaded.meta.last, timeMs: loaded.meta.timeMs, replace: loaded.replace };
  const { incarnation } = identity;
  const { waits } = files;
  return { incarnation, recovered, log, snapshots, highWater, skips, pledges, membership, waits, restore };
}

// The newest intact snapshot that the log goes on from.
async function loadSnapshot(
  snapshots: SnapshotStore,
  log: LogStore,
  options: StorageOptions,
): Promise<Loaded | null> {
  const { clock, logger, probe } = options.host;
  const broken: SnapshotMeta[] = [];
  for (const meta of snapshots.all.toReversed()) {
    if (meta.last.index < log.base.index) break;
    if (meta.seq > log.seq)
      throw damaged(`snapshot ${meta.last.index} is newer than the log: the log was put back or cut short`);
    const restoring = options.stateMachine?.beginRestore(meta.last.index) ?? nobody;
    const onPiece = (): void => probe("raft.snapshot-opening");
    const found = await restoreState(meta, { clock, store: snapshots, restoring, onPiece });
    if (found.type !== "damaged") {
      for (const each of broken) await snapshots.remove(each);
      return { meta, replace: () => restoring.replace() };
    }
    probe("raft.snapshot-damaged");
    logger.warn({ err: found.error, snapshot: meta.last.index }, "a snapshot is damaged and is passed over");
    broken.push(meta);
  }
  if (log.base.index > 0)
    throw damaged(`the log begins after entry ${log.base.index}, and no intact snapshot reaches that entry`);
  for (const each of broken) await snapshots.remove(each);
  return null;
}

// Finishes an installation that a crash cut short: the snapshot is durable, the log not yet reset.
async function reconcile(log: LogStore, meta: SnapshotMeta, hardState: HardState): Promise<HardState> {
  const { last, configuration, installed } = meta;
  if (log.term(last.index) === last.term) {
    if (log.configAt(last.index).index !== configuration.index)
      throw damaged(`snapshot ${last.index} has another membership than the log at that entry`);
    return hardState;
  }
  if (!installed || last.index <= log.commit)
    throw damaged(
      `the log does not contain entry ${last.index} of term ${last.term}, which a snapshot ends with`,
    );
  const next = hardState.term < last.term ? { term: last.term, vote: null } : hardState;
  await log.append({
    reset: last,
    resetConfig: markOf(configuration),
    truncateFrom: null,
    entries: [],
    hardState: next === hardState ? null : next,
    commit: last.index,
  });
  return next;
}

function describe(
  found: RecoveredLog,
  log: LogStore,
  hardState: HardState,
  snapshot: SnapshotMeta | null,
  founding: Configuration,
): Recovered {
  const wasReset = log.seq > found.tail.seq;
  const empty = log.last.index === log.base.index;
  return {
    hardState,
    configurations: log.configs.map((mark) => configurationOf(mark, founding)),
    snapshot: snapshot?.last ?? zero,
    compacted: log.base,
    last: log.last,
    termRuns: wasReset ? [] : found.termRuns,
    lastTimeMs: wasReset || (empty && found.lastTimeMs === 0) ? (snapshot?.timeMs ?? 0) : found.lastTimeMs,
    commit: log.commit,
  };
}

function configurationOf(mark: ConfigMark, founding: Configuration): Configuration {
  if (mark.index === 0) return founding;
  return readSealed("a configuration in the log", () => decodeConfiguration(mark.payload, mark.index));
}
