import { FlotillaError } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import type { Index, LogId, NodeId, Term } from "../core/types.ts";
import { ownerOf } from "./owner.ts";
import type { OfflineOptions } from "./owner.ts";
import type { Owned } from "./with-storage.ts";
import { withStorage } from "./with-storage.ts";

/** What the data of a stopped node says. */
export type DataReport =
  | { readonly type: "absent" }
  /** It cannot be trusted, or not be read. */
  | {
      readonly type: "damaged";
      /** Whose data it is; null when that is damaged as well. */
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

/** Proves the data of a stopped node as a start would, without making any. @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_UNSUPPORTED` */
export async function inspectData(options: OfflineOptions): Promise<DataReport> {
  try {
    return await withStorage(options, describe);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) return { type: "absent" };
    const isLost =
      FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED") || FlotillaError.is(error, "ERR_FLOTILLA_STORAGE");
    if (!isLost) throw error;
    return { type: "damaged", id: await namedIn(options), error };
  }
}

async function namedIn({ host }: OfflineOptions): Promise<NodeId | null> {
  try {
    return (await ownerOf(host.disk))?.id ?? null;
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) return null;
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
