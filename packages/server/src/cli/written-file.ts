import { randomBytes } from "node:crypto";
import { open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { CommandError } from "./failure.ts";

/** What says that no file of that name can be. */
const wrongPlaces: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "ENAMETOOLONG"]);

/** As many links in a row as Linux follows. */
const maxLinks = 40;

/** Where a file is to be. */
export interface Destination {
  /** Beyond links, which stay as they are. */
  readonly path: string;
  /** Whether there is one, which is replaced. */
  readonly isThere: boolean;
}

/**
 * Where a file of that name is to be written.
 * @throws CommandError `ERR_FLOTILLA_BAD_ARGUMENT` for what is no file, such as a device: it would be one afterwards, and
 * for links in a circle
 */
export async function destinationOf(file: string): Promise<Destination> {
  const found = await stat(file).catch(() => null);
  if (found === null) return { path: await beyondLinks(file), isThere: false };
  if (found.isFile()) return { path: await stored(realpath(file)), isThere: true };
  throw new CommandError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `${file} is ${found.isDirectory() ? "a folder" : "a device, a pipe or a socket"}, not a file`,
    "Name a file, which is written whole or not at all.",
  );
}

/** Where links lead at whose end nothing is. */
async function beyondLinks(file: string): Promise<string> {
  let path = file;
  for (let links = 0; links <= maxLinks; links += 1) {
    const target = await readlink(path).catch(() => null);
    if (target === null) return path;
    // Not joined: where `..` leads depends on the links before it.
    path = isAbsolute(target) ? target : `${dirname(path)}/${target}`;
  }
  throw new CommandError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `${file} leads through too many links, or in a circle`,
    "Name a file, or a link that leads to one.",
  );
}

/**
 * Writes a whole file or none: under another name beside it, synced, then renamed, with the folder synced too. Resolves
 * with its size.
 * @throws CommandError `ERR_FLOTILLA_BAD_ARGUMENT` where no such file can be, `ERR_FLOTILLA_STORAGE`; whatever `source` throws
 */
export async function writeWhole(file: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    const bytes = await fill(part, source);
    await stored(rename(part, file));
    await syncFolder(dirname(file));
    return bytes;
  } catch (error) {
    // Where nothing can be written, nothing can be removed either: what was wrong first counts.
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

async function fill(part: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await stored(open(part, "wx", 0o600));
  let bytes = 0;
  try {
    for await (const piece of source) {
      await stored(handle.writeFile(piece));
      bytes += piece.length;
    }
    await stored(handle.sync());
  } finally {
    await handle.close();
  }
  return bytes;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await stored(open(folder, "r"));
  try {
    await stored(handle.sync());
  } finally {
    await handle.close();
  }
}

async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the file cannot be written: ${reason}`;
    const isWrongPlace = cause instanceof Error && "code" in cause && wrongPlaces.has(String(cause.code));
    throw isWrongPlace
      ? new CommandError("ERR_FLOTILLA_BAD_ARGUMENT", message, "Name a file in a folder that is there.", {
          cause,
        })
      : new CommandError("ERR_FLOTILLA_STORAGE", message, "Check the disk that the file is on.", { cause });
  }
}
