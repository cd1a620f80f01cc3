import { readFile } from "node:fs/promises";
import { FlotillaError } from "@flotilla/runtime";
import { parse } from "smol-toml";

/** What a configuration file holds, unchecked. */
export type FileValues = Readonly<Record<string, unknown>>;

function bad(message: string, cause?: unknown): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", message, cause === undefined ? {} : { cause });
}

/**
 * Reads a TOML file, or a JSON file when its name ends in `.json`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`
 */
export async function readConfigFile(path: string): Promise<FileValues> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw bad(`cannot read the configuration file ${path}: ${reason(cause)}`, cause);
  }
  try {
    return table(path.endsWith(".json") ? JSON.parse(text) : parse(text), path);
  } catch (cause) {
    if (FlotillaError.is(cause)) throw cause;
    // A parser's message may quote the text, and the text may hold a secret.
    throw bad(`${path} is not valid ${path.endsWith(".json") ? "JSON" : "TOML"}${place(cause)}`);
  }
}

function table(value: unknown, path: string): FileValues {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw bad(`${path}: expected a table of settings`);
}

function reason(error: unknown): string {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
    ? "there is no such file"
    : String(error);
}

function place(error: unknown): string {
  return error instanceof Error && "line" in error && typeof error.line === "number"
    ? `, line ${error.line}`
    : "";
}
