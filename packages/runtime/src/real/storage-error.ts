import { FlotillaError } from "../errors.ts";
import { isErrorLike, wordsOf } from "./error-like.ts";

/** How LevelDB, which gives no code, ends its messages. */
const saidByLevel: Readonly<Record<string, string>> = {
  "Input/output error": "EIO",
  "No space left on device": "ENOSPC",
  "Disk quota exceeded": "EDQUOT",
  "Permission denied": "EACCES",
  "Operation not permitted": "EPERM",
  "Read-only file system": "EROFS",
  "Too many open files": "EMFILE",
  "Too many open files in system": "ENFILE",
};

/** A failure of the disk or of LevelDB, as every caller gets it; its details give the system's code as `reason`. */
export function storageError(what: string, cause: unknown): FlotillaError {
  const reason = reasonOf(cause);
  const details = reason === undefined ? {} : { reason };
  return new FlotillaError("ERR_FLOTILLA_STORAGE", `${what}: ${wordsOf(cause)}`, { cause, details });
}

/** The `code` of a system error, if there is one. */
export function systemCode(error: unknown): string | undefined {
  return isErrorLike(error) && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What LevelDB read and could not take for its own counts as the disk's failure. */
function reasonOf(error: unknown): string | undefined {
  const code = systemCode(error);
  if (code === "LEVEL_CORRUPTION") return "EIO";
  if (code?.startsWith("E") === true && !FlotillaError.is(error)) return code;
  if (!isErrorLike(error)) return undefined;
  const said = error.message.slice(error.message.lastIndexOf(": ") + 2);
  return saidByLevel[said] ?? reasonOf(error.cause);
}
