import * as runtime from "@flotilla/runtime";
import type { Configuration } from "@flotilla/raft";
import type { Raft } from "@flotilla/raft/parts";
import { load } from "./bundle.ts";
import type { Changed } from "./bundle.ts";

/** The core, as it is in the sources, with every private name open: only so can what it holds be copied and compared. */
export interface Core {
  readonly Raft: typeof Raft;
  readonly decodeConfiguration: (payload: Uint8Array, index: number) => Configuration;
}

/** `#commit` becomes `$commit`, which is no other name anywhere in the core. */
function opened(source: string): string {
  return source.replaceAll(/#([a-zA-Z])/g, "$$$1");
}

/**
 * Loads the core from its sources.
 * @param changed what is to stand in some of its files instead, as for a planted bug
 */
export async function loadCore(changed: Changed = new Map()): Promise<Core> {
  const bundled = {
    folder: "packages/raft/src/core",
    exports: { Raft: "raft.ts", decodeConfiguration: "config/config-codec.ts" },
    shared: { "@flotilla/runtime": runtime },
    prepare: opened,
  };
  return (await load(bundled, changed)) as Core;
}
