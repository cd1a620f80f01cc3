import { FlotillaError } from "@flotilla/runtime";
import { asError } from "../node/status.ts";
import type { Storage, StorageOptions } from "../storage/open-storage.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { OfflineOptions } from "./owner.ts";
import { noData, requireOwner } from "./owner.ts";

/** Whose data is open. */
export interface Owned {
  readonly id: string;
  readonly cluster: string;
  readonly storage: Storage;
}

/**
 * Opens the data of a node that does not run, and closes it in any case. Makes none.
 * @throws FlotillaError as `openStorage`, `ERR_FLOTILLA_NOT_FOUND` when there is none
 */
export async function withStorage<T>(
  options: OfflineOptions & Pick<StorageOptions, "stateMachine">,
  work: (owned: Owned) => Promise<T> | T,
): Promise<T> {
  const { id, cluster } = await requireOwner(options);
  let failure: Error | undefined;
  const { host, stateMachine } = options;
  const onFailure = (error: unknown): void => {
    failure ??= asError(error);
  };
  const storage = await openStorage({ host, stateMachine, id, cluster, onFailure }).catch(unborn);
  try {
    const result = await work({ id, cluster, storage });
    if (failure !== undefined) throw failure;
    return result;
  } finally {
    await storage.highWater.close();
    await storage.log.close().catch(() => {});
  }
}

/** A birth that was cut short left no data yet: the next start, or whoever makes a joiner, begins it anew. */
function unborn(error: unknown): never {
  if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_CONFIG")) throw noData({ cause: error });
  throw error;
}
