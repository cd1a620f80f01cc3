import { mkdir, readdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { FlotillaError } from "../errors.ts";
import { asOpenError, innermost, lockedError } from "./level-errors.ts";
import { storageError } from "./storage-error.ts";

/** The folder within a LevelDB's folder whose lock is held from before that is opened until it is closed. */
const claimName = "claim";
const attempts = 3;

/** Those of this thread. */
const used = new Set<string>();

/**
 * Claims a folder for one LevelDB, and makes it if it is not there. LevelDB's own lock is not enough: what a folder
 * consists of is verified, kept aside and put back before it is held, and LevelDB lets go of it when this process, be it
 * another thread, asks to open the same once more. So it is that of an empty LevelDB within the folder. It ends with the
 * process, however that ends.
 * @returns what gives it back
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_STORAGE`; the system's error
 */
export async function claimFolder(path: string): Promise<() => Promise<void>> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const place = await realpath(path);
  if (used.has(place)) throw lockedError(path);
  used.add(place);
  try {
    const held = await hold(path, place);
    return async () => {
      await held.close();
      used.delete(place);
    };
  } catch (error) {
    used.delete(place);
    throw error;
  }
}

/** By its real place, as LevelDB goes by names within a process. */
async function hold(path: string, place: string): Promise<Level> {
  const folder = join(place, claimName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt += 1) {
    try {
      // So it reads nothing that a crash tore. Who is in the middle of this fails by it, and tries again.
      await rm(join(folder, "CURRENT"), { force: true });
      const db = new Level(folder);
      await db.open();
      await tidy(folder);
      return db;
    } catch (error) {
      const failure = asOpenError(path, error);
      if (FlotillaError.is(failure, "ERR_FLOTILLA_LOCKED")) throw failure;
      // Whatever is wrong with it, nothing is wrong with the data.
      if (attempt === attempts) throw storageError(`cannot open ${folder}`, innermost(error));
    }
  }
}

async function tidy(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) if (name !== "LOCK") await rm(join(folder, name));
  } catch {
    // Nobody needs it to be.
  }
}
