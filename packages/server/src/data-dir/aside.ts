import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FlotillaError } from "@flotilla/runtime";

/** The file that says whose data it is: it goes last, so that what is cut short is never taken for an empty directory. */
const marker = "identity";
const asidePattern = /^aside-\d+$/;
/** What the data consists of, besides drafts of such files: whatever else is kept there is none of ours. */
const ours: ReadonlySet<string> = new Set([
  marker,
  "high-water",
  "log",
  "membership",
  "pledges",
  "skips",
  "snapshots",
]);

/** What to do with data that is not needed any more. */
export type Disposal = "keep" | "discard";

/**
 * Clears a data directory for new data: the old data moves into a folder of its own within it, or is deleted but for whose
 * it was, which moves there: to be deleted with `discardAside` once the new data says so. Done again after a crash, it
 * finishes. Gives the folder; null when nothing was there.
 * @throws FlotillaError `ERR_FLOTILLA_STORAGE`
 */
export async function clearData(dataDir: string, disposal: Disposal): Promise<string | null> {
  try {
    const names = await readdir(dataDir).catch(nothingThere);
    const data = names.filter((name) => isOurs(name) && name !== marker);
    if (names.includes(marker)) data.push(marker);
    if (data.length === 0) return null;
    if (disposal === "discard") {
      const others = data.splice(0, names.includes(marker) ? data.length - 1 : data.length);
      for (const name of others) await rm(join(dataDir, name), { recursive: true, force: true });
      await syncFolder(dataDir);
      if (data.length === 0) return null;
    }
    const aside = join(dataDir, `aside-${lastNumber(names) + 1}`);
    await mkdir(aside, { mode: 0o700 });
    for (const name of data) {
      if (name === marker) {
        await syncFolder(aside);
        await syncFolder(dataDir);
      }
      await rename(join(dataDir, name), join(aside, name));
    }
    await syncFolder(aside);
    await syncFolder(dataDir);
    return aside;
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_STORAGE", `cannot clear ${dataDir}`, { cause });
  }
}

/** Deletes what was moved aside. @throws FlotillaError `ERR_FLOTILLA_STORAGE` */
export async function discardAside(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_STORAGE", `cannot delete ${folder}`, { cause });
  }
}

/** The folder that old data was moved into last; null when there is none. @throws FlotillaError `ERR_FLOTILLA_STORAGE` */
export async function newestAside(dataDir: string): Promise<string | null> {
  try {
    const last = lastNumber(await readdir(dataDir).catch(nothingThere));
    return last === 0 ? null : join(dataDir, `aside-${last}`);
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_STORAGE", `cannot read ${dataDir}`, { cause });
  }
}

function isOurs(name: string): boolean {
  const draft = /^\.(.+)\.draft$/.exec(name)?.[1];
  return ours.has(draft ?? name);
}

function lastNumber(names: readonly string[]): number {
  const numbers = names.filter((name) => asidePattern.test(name)).map((name) => Number(name.slice(6)));
  return Math.max(0, ...numbers);
}

function nothingThere(error: unknown): string[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
