import { encodeCommand, limits, Machine } from "@flotilla/kv";
import {
  findPoison as findRaftPoison,
  foundRestored,
  forceNewCluster as forceRaft,
  inspectData as inspectRaft,
  makeJoiner as makeRaftJoiner,
  ownerOf,
  skipEntry as skipRaftEntry,
} from "@flotilla/raft";
import type {
  DataReport,
  ForcedCluster,
  OfflineHost,
  OfflineOptions,
  Poison,
  RestoredCluster,
} from "@flotilla/raft";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";
import { openBackup } from "../backup/open-backup.ts";
import { requireNames } from "../client/bad-argument.ts";
import { isObject } from "../given.ts";
import { BareStateMachine } from "./bare-state-machine.ts";
import { loadStartOptions } from "./options.ts";

const defaultCluster = "flotilla";
/** A second of wall time in revisions: no history makes more of them. */
const revisionsPerSecond = 1_048_576;

/** The data of a member that does not run. */
export interface DataOptions {
  /** Where its data lives. */
  readonly dataDir: string;
  /** Whose data it must be. Default: whoever it says. */
  readonly id?: string;
  /** Default: whichever it says. */
  readonly cluster?: string;
  /** What to stand on; the real one by default, with `dataDir` as its disk. */
  readonly host?: OfflineHost;
}

/**
 * Proves the data of a stopped member as a start would, and says what is there. Makes none. Data of another member or
 * cluster than the one given is refused whatever state it is in, as long as it says whose it is.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED` (the member runs), `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_UNSUPPORTED`
 */
export async function inspectData(options: DataOptions): Promise<DataReport> {
  return inspectRaft(offline(options));
}

/**
 * Whose data it is, by its identity file, whatever else may be wrong with it; null when there is no such file.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_UNSUPPORTED`
 */
export async function dataOwner(
  options: DataOptions,
): Promise<{ readonly id: string; readonly cluster: string } | null> {
  return ownerOf(offline(options).host.disk);
}

/**
 * Makes a cluster of its own of a stopped member, after a majority is gone for good. Everything its log holds counts;
 * what only others held is lost. The new history has a higher revision than the old one can have reached. Durable
 * when it resolves.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_NOT_FOUND` (no data),
 * `ERR_FLOTILLA_BAD_CONFIG` (it never belonged to a cluster), `ERR_FLOTILLA_CONDITION` (the clock is behind its newest
 * entry)
 */
export async function forceNewCluster(options: DataOptions): Promise<ForcedCluster> {
  const checked = offline(options);
  const revision = revisionNow(checked.host);
  return forceRaft({ ...checked, command: encodeCommand({ type: "begin-history", revision }).slice() });
}

/**
 * The first entry in the log of a stopped member that stops its state machine; null when none does.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_NOT_FOUND` (no data)
 */
export async function findPoison(options: DataOptions): Promise<Poison | null> {
  return findRaftPoison({ ...offline(options), stateMachine: new BareStateMachine() });
}

/**
 * Has a stopped member pass over the one entry that stops it, from its next start on. Do it at every member, with the
 * same version of Flotilla. Durable when it resolves.
 * @throws FlotillaError as `findPoison`, `ERR_FLOTILLA_CONDITION` when another entry stops it, or none, or when 1,024 are
 *   passed over already, `ERR_FLOTILLA_UNSUPPORTED` for one that a newer version wrote
 */
export async function skipEntry(options: DataOptions, index: number): Promise<Poison> {
  return skipRaftEntry({ ...offline(options), stateMachine: new BareStateMachine() }, index);
}

/**
 * Makes new data for a member that comes back as somebody who joins, where there is none, and gives its incarnation:
 * `admin.members.admit` puts it in the place of the lost one. Durable when it resolves.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_DAMAGED`
 */
export async function makeJoiner(options: DataOptions & { readonly id: string }): Promise<string> {
  const { host, cluster = defaultCluster } = offline(options);
  return makeRaftJoiner({ host, id: options.id, cluster });
}

/** A cluster to be made of a backup. */
export interface RestoreOptions extends DataOptions {
  /** The first member. */
  readonly id: string;
  /** Where the members to come reach it, `host:port`. */
  readonly address: string;
  /** The bytes of the backup, in order. */
  readonly backup: AsyncIterable<Uint8Array>;
  /**
   * How long the new cluster makes no node that ends with a lease, ms: as long as anybody may believe in a lease of the
   * cluster before. Default: the longest time to live that there is, 120,000. 0 only if none of its clients runs.
   */
  readonly graceMs?: number;
}

/**
 * Makes a cluster of one member of a backup, where there is no data yet; other members join it. It has a history of its
 * own, revisions that no history before can have reached, and no sessions, so no ephemeral nodes. Nothing is written
 * before the whole backup is proved. Durable when it resolves. Done again with the same backup before the member was
 * started, it gives what was made before.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` (the backup), `ERR_FLOTILLA_EXISTS` (there is data),
 * `ERR_FLOTILLA_BAD_CONFIG` (id, cluster or address), `ERR_FLOTILLA_CONDITION` (the clock is behind the backup), `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_STORAGE`
 */
export async function restoreBackup(
  options: RestoreOptions,
): Promise<RestoredCluster & { revision: number }> {
  const { host } = offline(options, restoreNames);
  const { id, cluster, address } = placeOf(options);
  const { facts, machine } = await openBackup(options.backup);
  const revision = revisionNow(host);
  const timeMs = host.clock.wallNow();
  if (timeMs < facts.timeMs)
    throw new FlotillaError(
      "ERR_FLOTILLA_CONDITION",
      `the clock here is ${facts.timeMs - timeMs} ms behind the backup: set the clock right, or, if it is and that of a member was ahead, ahead for this command`,
    );
  if (revision <= facts.revision)
    throw new FlotillaError(
      "ERR_FLOTILLA_CONDITION",
      `by the clock here the new history would begin with revision ${revision}, and the backup reaches ${facts.revision}: set the clock right`,
    );
  const { graceMs = limits.maxTtlMs } = options;
  const beginAt = (begun: Machine, at: number, whenMs: number): void => {
    const command = encodeCommand({ type: "begin-restored", revision: at, graceMs }, begun.featureLevel);
    begun.apply(command, { index: facts.index + 1, timeMs: whenMs });
  };
  const untouched = machine.snapshot();
  beginAt(machine, revision, timeMs);
  const stateMachine = new BareStateMachine();
  const restored = await foundRestored({
    host,
    id,
    cluster,
    address,
    last: { index: facts.index + 2, term: facts.term + 1 },
    timeMs,
    chunks: machine.snapshot().lend(),
    stateMachine,
    isSame: (whenMs) => {
      const again = machineOf(untouched.chunks());
      beginAt(again, stateMachine.revision, whenMs);
      return again.digest() === stateMachine.digest();
    },
  });
  return { ...restored, revision: stateMachine.revision };
}

function machineOf(chunks: Iterable<Uint8Array>): Machine {
  const machine = new Machine();
  const restore = machine.beginRestore();
  for (const chunk of chunks) {
    restore.write(chunk);
    for (let isMore = true; isMore;) isMore = restore.work();
  }
  restore.prove();
  restore.replace();
  return machine;
}

/** What the member is to be started with, as a start would judge it. */
function placeOf(options: RestoreOptions): { id: string; cluster: string; address: string } {
  const { id, dataDir, address: advertise, cluster } = options;
  const named = cluster === undefined ? {} : { cluster };
  const loaded = loadStartOptions({ id, dataDir, listen: "127.0.0.1:0", join: [], advertise, ...named });
  if (loaded.advertise === undefined)
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", "address: expected host:port");
  return { id: loaded.id, cluster: loaded.cluster, address: loaded.advertise };
}

/** Where a history that begins now does: above every revision made so far. */
function revisionNow({ clock }: OfflineHost): number {
  return Math.max(1, Math.floor(clock.wallNow() / 1_000) * revisionsPerSecond);
}

const dataNames: ReadonlySet<string> = new Set(["dataDir", "id", "cluster", "host"]);
const restoreNames: ReadonlySet<string> = new Set([...dataNames, "address", "backup", "graceMs"]);

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function offline(options: DataOptions, names: ReadonlySet<string> = dataNames): OfflineOptions {
  if (!isObject(options) || typeof options.dataDir !== "string" || options.dataDir === "")
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "dataDir: expected the name of a directory");
  requireNames(options, names);
  const { dataDir, id, cluster } = options;
  const host = options.host ?? realHost({ directory: dataDir, logger: silentLogger });
  return { host, id, cluster };
}
