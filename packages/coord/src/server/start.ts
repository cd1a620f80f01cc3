import { realHost } from "@flotilla/runtime/real";
import type { CoordNode, StartOptions } from "./api.ts";
import { startNode } from "./node.ts";
import { loadStartOptions } from "./options.ts";

/**
 * Makes this process a member of a cluster, with data in `dataDir`. Resolves once it listens and takes part, whether or not
 * the others are there: its own session opens meanwhile, and calls wait for that, and for a majority, as long as they may.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming the option, `ERR_FLOTILLA_ADDRESS_IN_USE`, `ERR_FLOTILLA_BAD_ADDRESS`
 * (nobody can listen there), `ERR_FLOTILLA_LOCKED` (another process uses the data), `ERR_FLOTILLA_FOREIGN`,
 * `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_WIPED`, `ERR_FLOTILLA_STORAGE`, `ERR_FLOTILLA_UNSUPPORTED` (data of a newer version)
 */
export async function start(options: StartOptions): Promise<CoordNode> {
  const { dataDir, logger } = loadStartOptions(options);
  const host = options.host ?? realHost({ directory: dataDir, ...(logger === undefined ? {} : { logger }) });
  return startNode({ ...options, host });
}
