import { FlotillaError } from "../errors.ts";
import { isErrorLike } from "./error-like.ts";
import { storageError, systemCode } from "./storage-error.ts";

/** LevelDB's own error stands below the wrapper's. */
export function innermost(error: unknown): unknown {
  return isErrorLike(error) && isErrorLike(error.cause) ? innermost(error.cause) : error;
}

/** Why LevelDB did not open `path`. */
export function asOpenError(path: string, error: unknown): FlotillaError {
  const cause = innermost(error);
  if (systemCode(cause) === "LEVEL_LOCKED") return lockedError(path, error);
  if (systemCode(cause) === "LEVEL_CORRUPTION") {
    return new FlotillaError("ERR_FLOTILLA_DAMAGED", `cannot open ${path}: ${String(cause)}`, {
      cause: error,
    });
  }
  return storageError(`cannot open ${path}`, cause);
}

export function lockedError(path: string, cause?: unknown): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_LOCKED", `another process or node uses ${path}`, { cause });
}
