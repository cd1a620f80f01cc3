import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Documents } from "../search/documents.ts";
import { FlotillaError } from "@flotilla/runtime";

/** Everybody searches the same copy, so that an edit meanwhile cannot change the answer. */
export async function writeDocuments(file: string, documents: Documents): Promise<void> {
  await writeFile(file, JSON.stringify([...documents]));
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` */
export async function readDocumentsFile(file: string): Promise<Documents> {
  const entries: unknown = JSON.parse(await readFile(file, "utf8"));
  const documents = new Map<string, string>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const [name, text]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof name === "string" && typeof text === "string") documents.set(name, text);
  }
  if (documents.size === 0) throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `no documents in ${file}`);
  return documents;
}

/** The repository this runs from, else the installed package. */
export function ownFolder(): string {
  const repository = join(import.meta.dirname, "..", "..", "..", "..");
  const isRepository =
    existsSync(join(repository, "pnpm-workspace.yaml")) && existsSync(join(repository, "packages"));
  return isRepository ? repository : join(import.meta.dirname, "..", "..");
}
