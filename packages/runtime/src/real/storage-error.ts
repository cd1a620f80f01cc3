import { FlotillaError } from "../errors.ts";

/** A failure of the disk or of LevelDB, as every caller gets it. */
export function storageError(what: string, cause: unknown): FlotillaError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FlotillaError("ERR_FLOTILLA_STORAGE", `${what}: ${why}`, { cause });
}

/** The `code` of a system error, if there is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
