import { chmod, mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Disk, Files, Store } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import { checkFileName } from "../file-name.ts";
import { realFiles } from "./files.ts";
import { openLevelStore } from "./open-level-store.ts";
import { storageError } from "./storage-error.ts";
import { syncDirectory } from "./sync-directory.ts";

class RealDisk implements Disk {
  readonly files: Files;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.files = realFiles(root);
  }

  async openStore(name: string): Promise<Store> {
    const path = join(this.#root, checkFileName(name));
    try {
      await makeDirectory(path);
      await closeToOthers(path);
      const { store } = await openLevelStore(path);
      await syncFolders(path, store);
      return store;
    } catch (error) {
      throw FlotillaError.is(error) ? error : storageError(`cannot open ${path}`, error);
    }
  }
}

/** LevelDB syncs what it writes, not the folders it stands in. Closes the store when that cannot be done. */
async function syncFolders(path: string, store: Store): Promise<void> {
  try {
    await syncDirectory(path);
    await syncDirectory(dirname(path));
  } catch (error) {
    // Why it cannot be used says more.
    await store.close().catch(() => {});
    throw error;
  }
}

/** LevelDB's files are open to everybody, so it must not be their folder that lets others in. */
async function closeToOthers(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) await chmod(path, mode & 0o700);
}

/** Makes a directory with its parents, for the owner only, and makes that durable. */
async function makeDirectory(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made))
    await syncDirectory(dirname(made));
}

/**
 * One directory of the file system: stores are LevelDB databases in folders of their own, files are
 * plain files. It is created when first written to, for its owner only. Names are checked
 * (`ERR_FLOTILLA_BAD_ARGUMENT`).
 */
export function realDisk(directory: string): Disk {
  return new RealDisk(resolve(directory));
}
