import type { assemble, coordOver, openSession } from "@flotilla/coord/parts";
import * as kv from "@flotilla/kv";
import * as raft from "@flotilla/raft";
import * as runtime from "@flotilla/runtime";
import { load } from "../bundle.ts";
import type { Changed } from "../bundle.ts";

/** Clients with their recipes, and what a member is made of, as they are in the sources. */
export interface CoordSources {
  readonly assemble: typeof assemble;
  readonly coordOver: typeof coordOver;
  readonly openSession: typeof openSession;
}

/**
 * Loads them from the sources.
 * @param changed what is to stand in some of the files instead, as for a planted bug
 */
export async function loadCoord(changed: Changed = new Map()): Promise<CoordSources> {
  const bundled = {
    folder: "packages/coord/src",
    exports: {
      assemble: "server/parts.ts",
      coordOver: "client/coord.ts",
      openSession: "client/open-session.ts",
    },
    shared: { "@flotilla/runtime": runtime, "@flotilla/kv": kv, "@flotilla/raft": raft },
  };
  return (await load(bundled, changed)) as CoordSources;
}
