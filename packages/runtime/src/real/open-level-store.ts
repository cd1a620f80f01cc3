import { Level } from "level";
import { FlotillaError } from "../errors.ts";
import type { LevelDatabase } from "./level-store.ts";
import { LevelStore } from "./level-store.ts";
import { storageError, systemCode } from "./storage-error.ts";

/** Fewer, larger level-0 files; a restart reads at most this much of LevelDB's own log. Bytes. */
const writeBufferBytes = 16 * 1024 * 1024;

/** LevelDB's own error stands below the wrapper's. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}

/**
 * Opens or creates a LevelDB in the folder `path`, whose parent exists.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_DAMAGED` (LevelDB's own files do not fit), `ERR_FLOTILLA_STORAGE`
 */
export async function openLevelStore(
  path: string,
): Promise<{ readonly db: LevelDatabase; readonly store: LevelStore }> {
  const db: LevelDatabase = new Level(path, {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: false,
    writeBufferSize: writeBufferBytes,
  });
  try {
    await db.open();
  } catch (error) {
    const cause = innermost(error);
    if (systemCode(cause) === "LEVEL_LOCKED") {
      throw new FlotillaError("ERR_FLOTILLA_LOCKED", `another process or node uses ${path}`, {
        cause: error,
      });
    }
    if (systemCode(cause) === "LEVEL_CORRUPTION") {
      throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `cannot open ${path}: ${String(cause)}`, {
        cause: error,
      });
    }
    throw storageError(`cannot open ${path}`, cause);
  }
  return { db, store: new LevelStore(db, path) };
}
