import { asError } from "../node/status.ts";
import type { Storage, StorageOptions } from "../storage/open-storage.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { OfflineOptions } from "./owner.ts";
import { requireOwner } from "./owner.ts";

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
  const storage = await openStorage({
    host: options.host,
    stateMachine: options.stateMachine,
    id,
    cluster,
    onFailure: (error) => {
      failure ??= asError(error);
    },
  });
  try {
    const result = await work({ id, cluster, storage });
    if (failure !== undefined) throw failure;
    return result;
  } finally {
    await storage.highWater.close();
    await storage.log.close().catch(() => {});
  }
}
