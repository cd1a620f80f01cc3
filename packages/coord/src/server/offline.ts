import { encodeCommand, Machine } from "@flotilla/kv";
import {
  findPoison as findRaftPoison,
  forceNewCluster as forceRaft,
  inspectData as inspectRaft,
  makeJoiner as makeRaftJoiner,
  skipEntry as skipRaftEntry,
} from "@flotilla/raft";
import type {
  DataReport,
  ForcedCluster,
  OfflineHost,
  OfflineOptions,
  Poison,
  StateMachine,
} from "@flotilla/raft";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";
import { isObject } from "../given.ts";

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
 * Proves the data of a stopped member as a start would, and says what is there. Makes none.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED` (the member runs), `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_UNSUPPORTED`
 */
export async function inspectData(options: DataOptions): Promise<DataReport> {
  return inspectRaft(offline(options));
}

/**
 * Makes a cluster of its own of a stopped member, after a majority is gone for good. Everything its log holds counts;
 * what only others held is lost. The new history has a higher revision than the old one can have reached. Durable
 * when it resolves.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_NOT_FOUND` (no data),
 * `ERR_FLOTILLA_BAD_CONFIG` (it never belonged to a cluster)
 */
export async function forceNewCluster(options: DataOptions): Promise<ForcedCluster> {
  const checked = offline(options);
  const seconds = Math.floor(checked.host.clock.wallNow() / 1_000);
  const revision = Math.max(1, seconds * revisionsPerSecond);
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
 * @throws FlotillaError as `findPoison`, `ERR_FLOTILLA_CONDITION` when another entry stops it, or none
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

function offline(options: DataOptions): OfflineOptions {
  if (!isObject(options) || typeof options.dataDir !== "string" || options.dataDir === "")
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "dataDir: expected the name of a directory");
  const { dataDir, id, cluster } = options;
  const host = options.host ?? realHost({ directory: dataDir, logger: silentLogger });
  return { host, id, cluster };
}

/** The tree alone, with nobody to tell. */
class BareStateMachine implements StateMachine {
  readonly #machine = new Machine();

  apply({ payload, index, timeMs }: Parameters<StateMachine["apply"]>[0]): void {
    this.#machine.apply(payload, { index, timeMs });
  }

  skip({ payload, index, timeMs }: Parameters<StateMachine["apply"]>[0]): void {
    this.#machine.skip(payload, { index, timeMs });
  }

  snapshot(): ReturnType<StateMachine["snapshot"]> {
    return this.#machine.snapshot();
  }

  beginRestore(): ReturnType<StateMachine["beginRestore"]> {
    return this.#machine.beginRestore();
  }
}
