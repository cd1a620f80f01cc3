import type { NodeId } from "../core/types.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { OfflineHost } from "./owner.ts";

export interface JoinerOptions {
  readonly host: OfflineHost;
  readonly id: NodeId;
  readonly cluster: string;
}

/**
 * Makes the data of a node that is to be added to a cluster, as its first start with `join` would, and gives its
 * incarnation. With such data there already it makes nothing. Durable when it resolves.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_DAMAGED`
 */
export async function makeJoiner(options: JoinerOptions): Promise<string> {
  let failure: unknown;
  const storage = await openStorage({
    ...options,
    join: true,
    onFailure: (error) => {
      failure ??= error;
    },
  });
  await storage.highWater.close();
  await storage.log.close();
  if (failure instanceof Error) throw failure;
  return storage.incarnation;
}
