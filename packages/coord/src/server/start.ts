import { realHost } from "@flotilla/runtime/real";
import type { CoordNode, StartOptions } from "./api.ts";
import { startNode } from "./node.ts";
import { loadStartOptions } from "./options.ts";

/**
 * Makes this process a member of a cluster, with data in `dataDir`.
 * @throws FlotillaError as `startNode`
 */
export async function start(options: StartOptions): Promise<CoordNode> {
  const { dataDir, logger } = loadStartOptions(options);
  const host = options.host ?? realHost({ directory: dataDir, ...(logger === undefined ? {} : { logger }) });
  return startNode({ ...options, host });
}
