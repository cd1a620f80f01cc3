import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { FlotillaError } from "@flotilla/runtime";

const extensions = [".md", ".ts", ".txt"];
const skipped = new Set(["node_modules", "dist", "coverage"]);
const maxDocuments = 5_000;
const maxDocumentBytes = 1_048_576;

/** A document's name, relative to its folder with `/`, and its text. */
export type Documents = ReadonlyMap<string, string>;

/**
 * Every Markdown, TypeScript and text file below a folder, sorted by name; hidden ones, dependencies and
 * build output left out, at most 5,000 of at most 1 MiB.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` when the folder cannot be read or holds none
 */
export async function readDocuments(folder: string): Promise<Documents> {
  const files: string[] = [];
  try {
    await collect(folder, files);
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `cannot read the documents in ${folder}`, { cause });
  }
  const documents = new Map<string, string>();
  for (const file of files.toSorted().slice(0, maxDocuments)) {
    if ((await stat(file)).size > maxDocumentBytes) continue;
    documents.set(relative(folder, file).split(sep).join("/"), await readFile(file, "utf8"));
  }
  if (documents.size === 0) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `no ${extensions.join(", ")} files below ${folder}`);
  }
  return documents;
}

async function collect(folder: string, files: string[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(path, files);
    else if (entry.isFile() && extensions.some((extension) => entry.name.endsWith(extension)))
      files.push(path);
  }
}
