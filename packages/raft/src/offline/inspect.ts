import { FlotillaError } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import type { Index, LogId, NodeId, Term } from "../core/types.ts";
import { requireOwn } from "../storage/identity.ts";
import { ownerOf } from "./owner.ts";
import type { OfflineOptions } from "./owner.ts";
import type { Owned } from "./with-storage.ts";
import { withStorage } from "./with-storage.ts";

/** What the data of a stopped node says. */
export type DataReport =
  | { readonly type: "absent" }
  | {
      /**
       * `damaged`: it cannot be trusted, or the disk does not give it back. `unreadable`: something else keeps it from
       * being opened (a full disk, a lack of permission or of open files), and it may be whole.
       */
      readonly type: "damaged" | "unreadable";
      /** Whose data it is; null when that cannot be read either. */
      readonly id: NodeId | null;
      readonly error: FlotillaError;
    }
  | {
      readonly type: "whole";
      readonly id: NodeId;
      readonly cluster: string;
      readonly incarnation: string;
      readonly term: Term;
      /** The end of the log. */
      readonly last: LogId;
      /** Committed at least up to here; the disk may lag. */
      readonly commit: Index;
      /** The newest in the log, committed or not. */
      readonly configuration: Configuration;
    };

/**
 * Proves the data of a stopped node as a start would, without making any. Data of another node or cluster than the one
 * given is refused whatever state it is in, as long as it says whose it is.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_UNSUPPORTED`
 */
export async function inspectData(options: OfflineOptions): Promise<DataReport> {
  const named = await namedIn(options);
  try {
    return await withStorage(options, describe);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) return { type: "absent" };
    if (FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) return { type: "damaged", id: named, error };
    if (!FlotillaError.is(error, "ERR_FLOTILLA_STORAGE")) throw error;
    return { type: error.details["reason"] === "EIO" ? "damaged" : "unreadable", id: named, error };
  }
}

/** @throws FlotillaError `ERR_FLOTILLA_FOREIGN` when it is another node than the one given */
async function namedIn({ host, id, cluster }: OfflineOptions): Promise<NodeId | null> {
  try {
    const owner = await ownerOf(host.disk);
    if (owner !== null) requireOwn(owner, cluster ?? owner.cluster, id ?? owner.id, "the identity file");
    return owner?.id ?? null;
  } catch (error) {
    const isIllegible =
      FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED") || FlotillaError.is(error, "ERR_FLOTILLA_STORAGE");
    if (isIllegible) return null;
    throw error;
  }
}

function describe({ id, cluster, storage }: Owned): DataReport {
  const { recovered, incarnation } = storage;
  const { hardState, last, commit } = recovered;
  return {
    type: "whole",
    id,
    cluster,
    incarnation,
    term: hardState.term,
    last,
    commit,
    configuration: newestOf(recovered.configurations),
  };
}

/** The last of them; there is one at least. */
export function newestOf(configurations: readonly Configuration[]): Configuration {
  const newest = configurations.at(-1);
  if (newest !== undefined) return newest;
  throw new FlotillaError("ERR_FLOTILLA_INTERNAL", "a log without a configuration");
}
