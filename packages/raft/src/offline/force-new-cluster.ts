import { FlotillaError } from "@flotilla/runtime";
import { encodeConfiguration } from "../core/config/config-codec.ts";
import { memberOf, membersOf } from "../core/config/configuration.ts";
import type { Configuration } from "../core/config/configuration.ts";
import { encodeEntry } from "../core/entry-codec.ts";
import type { Entry } from "../core/entry.ts";
import type { NodeId, Term } from "../core/types.ts";
import { newestOf } from "./inspect.ts";
import type { OfflineHost, OfflineOptions } from "./owner.ts";
import type { Owned } from "./with-storage.ts";
import { withStorage } from "./with-storage.ts";

const historyBytes = 16;

export interface ForceOptions extends OfflineOptions {
  /** What the state machine is told of it, right after the new configuration. */
  readonly command: Uint8Array;
}

/** What became of it. */
export interface ForcedCluster {
  readonly id: NodeId;
  readonly historyId: string;
  /** The members that it goes on without. */
  readonly without: readonly NodeId[];
}

/**
 * Makes a cluster of its own of a stopped node: the log goes on with a configuration of this node alone and another
 * history, in one atomic batch. Whatever the log holds counts as committed from then on; what only others hold is lost
 * to it. Nodes of the old history are refused by the new one, and refuse it.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_NOT_FOUND`,
 * `ERR_FLOTILLA_BAD_CONFIG` when the node never belonged to a cluster, `ERR_FLOTILLA_CONDITION` when the clock is behind
 * the newest entry: what the command takes from it would not be above everything that was
 */
export async function forceNewCluster(options: ForceOptions): Promise<ForcedCluster> {
  return withStorage(options, async (owned) => {
    const { storage } = owned;
    requireClock(options.host, storage.recovered.lastTimeMs);
    const configuration = configurationAlone(owned, options.host);
    const term = storage.recovered.hardState.term + 1;
    const entries = entriesOf(owned, term, configuration, options.command);
    await storage.log.append({
      reset: null,
      truncateFrom: null,
      entries,
      hardState: { term, vote: null },
      // The only voter has them: that is a majority.
      commit: storage.recovered.last.index + entries.length,
    });
    storage.highWater.note(storage.log.seq);
    await storage.highWater.sync();
    return { id: owned.id, historyId: configuration.historyId, without: othersOf(owned) };
  });
}

function requireClock({ clock }: OfflineHost, lastTimeMs: number): void {
  const nowMs = clock.wallNow();
  if (nowMs >= lastTimeMs) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_CONDITION",
    `the clock here is ${lastTimeMs - nowMs} ms behind the newest entry: set the clock right, or, if it is and that of a leader was ahead, ahead for this command`,
  );
}

function configurationAlone({ id, storage }: Owned, { random }: OfflineHost): Configuration {
  const before = newestOf(storage.recovered.configurations);
  const self = memberOf(before, id);
  if (self === undefined)
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `node ${id} holds nothing of a cluster it belongs to`);
  return {
    index: storage.recovered.last.index + 1,
    historyId: Buffer.from(random.bytes(historyBytes)).toString("hex"),
    voters: [{ id, address: self.address, incarnation: storage.incarnation }],
    outgoing: [],
    learners: [],
    leaseReads: before.leaseReads,
  };
}

/**
 * The others of the newest membership; where that is of this node alone, of the history before: made alone by a call that
 * was cut short before it could say so.
 */
function othersOf({ id, storage }: Owned): readonly NodeId[] {
  const { configurations } = storage.recovered;
  const newest = newestOf(configurations);
  const before = configurations.findLast(
    ({ historyId }) => historyId !== "" && historyId !== newest.historyId,
  );
  const isAlone = membersOf(newest).length === 1;
  const members = membersOf(isAlone && before !== undefined ? before : newest);
  return members.map((member) => member.id).filter((other) => other !== id);
}

function entriesOf(
  { storage }: Owned,
  term: Term,
  configuration: Configuration,
  command: Uint8Array,
): readonly Entry[] {
  const { index } = configuration;
  const timeMs = storage.recovered.lastTimeMs;
  return [
    encodeEntry({ index, term, timeMs, kind: "config", payload: encodeConfiguration(configuration) }),
    encodeEntry({ index: index + 1, term, timeMs, kind: "command", payload: command }),
  ];
}
