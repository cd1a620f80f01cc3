import { mkdir, readdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { FlotillaError } from "../errors.ts";
import { asOpenError, innermost, lockedError } from "./level-errors.ts";
import { storageError } from "./storage-error.ts";

/** The folder within a LevelDB's folder whose lock is held while that is opened. */
const openingName = "opening";
const attempts = 3;

/** Those of this process. LevelDB lets go of the lock of one that is open when it is asked to open it once more. */
const used = new Set<string>();

/**
 * Claims a folder for one LevelDB of this process, and makes it if it is not there.
 * @returns what gives it back
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`; the system's error
 */
export async function claimFolder(path: string): Promise<() => void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const place = await realpath(path);
  if (used.has(place)) throw lockedError(path);
  used.add(place);
  return () => used.delete(place);
}

/**
 * Runs `open` while no other process does so for the same folder. What a folder consists of is verified, kept aside and
 * put back before LevelDB's own lock is held, which nothing but an open LevelDB holds; so it is an empty one within the
 * folder. Its lock ends with the process, however that ends.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_STORAGE`; what `open` throws
 */
export async function opening<T>(path: string, open: () => Promise<T>): Promise<T> {
  const folder = join(path, openingName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const held = await hold(path, folder);
  try {
    return await open();
  } finally {
    await letGo(held, folder);
  }
}

async function hold(path: string, folder: string): Promise<Level> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // So it reads nothing that a crash tore. Who is in the middle of this fails by it, and tries again.
      await rm(join(folder, "CURRENT"), { force: true });
      const db = new Level(folder);
      await db.open();
      return db;
    } catch (error) {
      const failure = asOpenError(path, error);
      if (FlotillaError.is(failure, "ERR_FLOTILLA_LOCKED")) throw failure;
      // Whatever is wrong with it, nothing is wrong with the data.
      if (attempt === attempts) throw storageError(`cannot open ${folder}`, innermost(error));
    }
  }
}

async function letGo(held: Level, folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) if (name !== "LOCK") await rm(join(folder, name));
  } catch {
    // Nobody needs it to be tidy.
  } finally {
    await held.close();
  }
}
