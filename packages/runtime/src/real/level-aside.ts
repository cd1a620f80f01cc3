import { constants } from "node:fs";
import { copyFile, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FlotillaError } from "../errors.ts";
import { verifyLevel } from "./level-check.ts";
import type { LevelSurvey } from "./level-check.ts";
import { readLevelVersion } from "./level-manifest.ts";
import type { LevelVersion } from "./level-manifest.ts";
import { systemCode } from "./storage-error.ts";
import { syncDirectory } from "./sync-directory.ts";

/** The folder within a LevelDB's folder that holds what it consisted of before LevelDB opened it. */
const asideName = "before-open";
/** The same, not complete yet, or given up. Counts for nothing. */
const draftName = "before-open.draft";
const placedName = "before-open.file";

/** File systems that have no links, and files that may not be linked. */
const unlinkable: readonly (string | undefined)[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Keeps all files of a LevelDB aside, until it is proved that LevelDB took in its logs: it removes them in any case. The
 * aside counts from one rename on, is durable then, and ends with another one, before anything is written to the store.
 * So whatever is in an aside that counts is newer than nothing.
 */
export async function keepAside(folder: string, survey: LevelSurvey): Promise<void> {
  const draft = join(folder, draftName);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const { version, tables, logs } = survey;
  // Both as they were read: a manifest grows.
  await writeSynced(join(draft, version.name), version.bytes);
  await writeSynced(join(draft, "CURRENT"), Buffer.from(`${version.name}\n`));
  for (const name of tables) await linkOrCopy(join(folder, name), join(draft, name));
  for (const { name, number } of logs) {
    // LevelDB may give a number again that no manifest mentions, and empties what has the name.
    const give = number === version.log ? linkOrCopy : copySynced;
    await give(join(folder, name), join(draft, name));
  }
  await syncDirectory(draft);
  await rename(draft, join(folder, asideName));
  await syncDirectory(folder);
}

/** Gives up what was kept aside, if anything. Durable when it resolves. */
export async function dropAside(folder: string): Promise<void> {
  const draft = join(folder, draftName);
  try {
    await rename(join(folder, asideName), draft);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  await syncDirectory(folder);
  await rm(draft, { recursive: true, force: true });
}

/**
 * Has a folder consist again of what was kept aside, if a process ended before it knew that this was not needed.
 * @param requireUnused throws when somebody uses the folder
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` (the aside, or what is in its place); the system's error
 */
export async function settleAside(folder: string, requireUnused: () => Promise<void>): Promise<void> {
  for (const name of [draftName, placedName]) await rm(join(folder, name), { recursive: true, force: true });
  const aside = await surveyAside(folder);
  if (aside === null) return;
  if (await isLacking(folder, aside)) await putBack(folder, aside, requireUnused);
  await dropAside(folder);
}

async function surveyAside(folder: string): Promise<LevelSurvey | null> {
  const path = join(folder, asideName);
  try {
    await stat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
  const found = await verifyLevel(path);
  if (found !== null) return found;
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `${path} is damaged: CURRENT is missing`);
}

/** True when LevelDB may have failed to take in what the aside holds, and nothing was written since. */
async function isLacking(folder: string, aside: LevelSurvey): Promise<boolean> {
  try {
    const now = await verifyLevel(folder);
    // A process that had the folder open when the aside was made wrote more.
    return now === null || (now.lastSequence <= aside.lastSequence && !isSame(now.version, aside.version));
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
    const version = await readLevelVersion(folder).catch(() => null);
    if (version !== null && isSame(version, aside.version)) return true;
    throw error;
  }
}

function isSame(one: LevelVersion, other: LevelVersion): boolean {
  return Buffer.compare(one.bytes, other.bytes) === 0;
}

/** Has the folder consist of what was kept aside, which stays there. Durable when it resolves. */
export async function putBack(
  folder: string,
  { version, tables, logs }: LevelSurvey,
  requireUnused: () => Promise<void>,
): Promise<void> {
  const names = [version.name, ...tables, ...logs.map(({ name }) => name)];
  for (const name of names) await place(folder, name);
  await syncDirectory(folder);
  await requireUnused();
  await place(folder, "CURRENT");
  await syncDirectory(folder);
}

/** Puts one file in the place of whatever has its name. */
async function place(folder: string, name: string): Promise<void> {
  const placed = join(folder, placedName);
  await rm(placed, { force: true });
  await linkOrCopy(join(folder, asideName, name), placed);
  await rename(placed, join(folder, name));
  // A rename from one name of a file to another one does nothing.
  await rm(placed, { force: true });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!unlinkable.includes(systemCode(error))) throw error;
    await copySynced(from, to);
  }
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const handle = await open(to, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
