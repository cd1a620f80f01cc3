import { isDeepStrictEqual } from "node:util";
import { FlotillaError } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import { faultOfReach } from "../core/config/member-facts.ts";
import type { LogId, NodeId } from "../core/types.ts";
import type { StateMachine } from "../node/state-machine.ts";
import type { Storage } from "../storage/open-storage.ts";
import { openStorage } from "../storage/open-storage.ts";
import { newestOf } from "./inspect.ts";
import type { OfflineHost } from "./owner.ts";
import { withStorage } from "./with-storage.ts";

const historyBytes = 16;

export interface RestoredOptions {
  readonly host: OfflineHost;
  readonly id: NodeId;
  readonly cluster: string;
  /** Where the members to come reach this one, `host:port`. */
  readonly address: string;
  /** Where the log goes on: behind everything in the state. */
  readonly last: LogId;
  /** Wall time of the last entry, ms since the epoch. */
  readonly timeMs: number;
  /** The state to begin with, in slices of at most 256 KiB. */
  readonly chunks: Iterable<Uint8Array>;
  /** Proves what was written, and holds it in the end. */
  readonly stateMachine: Pick<StateMachine, "beginRestore">;
  /**
   * Whether the state that was restored into `stateMachine`, of this wall time, is the one to begin with, written by the
   * same call before. Default: it never is.
   */
  readonly isSame?: (timeMs: number) => boolean;
}

/** The cluster that was made. */
export interface RestoredCluster {
  readonly id: NodeId;
  readonly historyId: string;
}

/**
 * Makes the data of a cluster of one node that begins with a state given, in a history of its own. Done where there is
 * no data yet; one file that is put in place at the end makes it count, so that a crash leaves either all of it or what
 * the same call goes on from. Done again before the node was started, it says what it made before. Durable and proved
 * when it resolves.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` (id, cluster or address), `ERR_FLOTILLA_EXISTS` (there is data),
 * `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_DAMAGED`
 */
export async function foundRestored(options: RestoredOptions): Promise<RestoredCluster> {
  const { host, id, cluster, last } = options;
  const fault = faultOfReach(options.address);
  if (fault !== null) throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `address: ${fault}`);
  const historyId = Buffer.from(host.random.bytes(historyBytes)).toString("hex");
  try {
    await writeSnapshot(options, historyId);
  } catch (error) {
    const before = FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") ? await foundBefore(options) : null;
    if (before === null) throw error;
    return before;
  }
  return withStorage({ host, id, cluster, stateMachine: options.stateMachine }, async ({ storage }) => {
    if (storage.restore?.last.index !== last.index)
      throw new FlotillaError("ERR_FLOTILLA_STORAGE", "what was written cannot be read back");
    storage.restore.replace();
    await storage.highWater.sync();
    return { id, historyId };
  });
}

/** What the same call made before, if the node was not started since; else null. */
async function foundBefore(options: RestoredOptions): Promise<RestoredCluster | null> {
  const { host, id, cluster, stateMachine, isSame } = options;
  return withStorage({ host, id, cluster, stateMachine }, async ({ storage }) => {
    const { recovered, restore, incarnation, highWater } = storage;
    const { historyId } = newestOf(recovered.configurations);
    const expected = configurationAlone(options, incarnation, historyId);
    const isUnstarted =
      restore !== null &&
      isSameId(restore.last, options.last) &&
      isSameId(recovered.last, options.last) &&
      recovered.hardState.vote === null &&
      isDeepStrictEqual(recovered.configurations, [expected]);
    if (!isUnstarted) return null;
    restore.replace();
    if (isSame?.(restore.timeMs) !== true) return null;
    await highWater.sync();
    return { id, historyId };
  });
}

function isSameId(one: LogId, other: LogId): boolean {
  return one.index === other.index && one.term === other.term;
}

async function writeSnapshot(options: RestoredOptions, historyId: string): Promise<void> {
  const { host, id, cluster, last, timeMs, chunks } = options;
  let failure: unknown = null;
  const onFailure = (error: unknown): void => {
    failure ??= error;
  };
  const storage = await openStorage({ host, id, cluster, join: true, onFailure });
  try {
    requireUnused(storage);
    const writer = await storage.snapshots.create(last);
    for (const chunk of chunks) await writer.write(chunk);
    const configuration = configurationAlone(options, storage.incarnation, historyId);
    // As one that was received: the next to open the data has the log begin behind it.
    await writer.commit({ timeMs, configuration, seq: storage.log.seq, installed: true });
  } finally {
    await storage.highWater.close();
    await storage.log.close().catch(() => {});
  }
  if (failure instanceof Error) throw failure;
}

/** Nothing but what a birth writes. */
function requireUnused({ recovered, snapshots }: Storage): void {
  const isUnused =
    recovered.last.index === 0 &&
    recovered.hardState.term === 0 &&
    recovered.configurations.every(({ voters }) => voters.length === 0) &&
    snapshots.all.length === 0;
  if (isUnused) return;
  throw new FlotillaError("ERR_FLOTILLA_EXISTS", "there is data of a member here: give an empty directory");
}

function configurationAlone(
  { id, address, last }: RestoredOptions,
  incarnation: string,
  historyId: string,
): Configuration {
  return {
    index: last.index,
    historyId,
    voters: [{ id, address, incarnation }],
    outgoing: [],
    learners: [],
    leaseReads: false,
  };
}
