import { access } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { FlotillaError } from "../errors.ts";
import { crc32c } from "./crc32c.ts";
import { dropAside, keepAside, putBack, settleAside } from "./level-aside.ts";
import { verifyLevel } from "./level-check.ts";
import type { LevelSurvey } from "./level-check.ts";
import { asOpenError, innermost } from "./level-errors.ts";
import { readLevelVersion } from "./level-manifest.ts";
import { claimFolder } from "./level-claim.ts";
import type { LevelDatabase } from "./level-store.ts";
import { LevelStore } from "./level-store.ts";
import { systemCode } from "./storage-error.ts";

/** Fewer, larger level-0 files; a restart reads at most this much of LevelDB's own log. Bytes. */
const writeBufferBytes = 16 * 1024 * 1024;

/** Looked up at once. */
const provedKeys = 500;

interface Opened {
  readonly db: LevelDatabase;
  readonly store: LevelStore;
}

/**
 * Opens or creates a LevelDB in the folder `path`, whose parent exists. Everything in it is verified before LevelDB may
 * touch it, and kept aside until it is proved that LevelDB took in all of it.
 * @param open opens LevelDB
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_DAMAGED` (LevelDB's own files do not fit), `ERR_FLOTILLA_STORAGE`;
 * the system's error when a file cannot be read
 */
export async function openLevelStore(
  path: string,
  open: typeof openDatabase = openDatabase,
): Promise<Opened> {
  const giveBack = await claimFolder(path);
  try {
    const db = await openWhole(path, open);
    return { db, store: new LevelStore(db, path, giveBack) };
  } catch (error) {
    // What failed before says more.
    await giveBack().catch(() => {});
    throw error;
  }
}

async function openWhole(path: string, open: typeof openDatabase): Promise<LevelDatabase> {
  const refuse = (): Promise<void> => requireUnused(path);
  await refuse();
  await settleAside(path, refuse);
  return openProved(path, await verifyLevel(path), open);
}

async function openProved(
  path: string,
  survey: LevelSurvey | null,
  open: typeof openDatabase,
): Promise<LevelDatabase> {
  if (survey === null || !survey.logs.some(({ bytes }) => bytes > 0)) return open(path, survey === null);
  await keepAside(path, survey);
  const db = await open(path, false);
  try {
    await requireAll(db, path, survey);
  } catch (error) {
    await db.close();
    await putBack(path, survey, () => requireUnused(path));
    await dropAside(path);
    throw error;
  }
  try {
    await dropAside(path);
  } catch (error) {
    await db.close();
    throw error;
  }
  return db;
}

/**
 * Opens LevelDB itself, on a folder that was verified.
 * @throws FlotillaError `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`
 */
export async function openDatabase(path: string, createIfMissing: boolean): Promise<LevelDatabase> {
  const db: LevelDatabase = new Level(path, {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: false,
    writeBufferSize: writeBufferBytes,
    createIfMissing,
  });
  try {
    await db.open();
  } catch (error) {
    throw asOpenError(path, error);
  }
  return db;
}

/** @throws FlotillaError `ERR_FLOTILLA_LOCKED` when another process or node uses it, `ERR_FLOTILLA_STORAGE` */
async function requireUnused(path: string): Promise<void> {
  try {
    await access(join(path, "CURRENT"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  // LevelDB takes its lock, and gives up because there is something, before it looks at that.
  const db: LevelDatabase = new Level(path, { createIfMissing: false, errorIfExists: true });
  try {
    await db.open();
  } catch (error) {
    if (systemCode(innermost(error)) !== undefined) throw asOpenError(path, error);
    return;
  }
  await db.close();
}

/** @throws FlotillaError `ERR_FLOTILLA_STORAGE` unless LevelDB took in every change that was in its logs */
async function requireAll(db: LevelDatabase, path: string, survey: LevelSurvey): Promise<void> {
  // It writes a manifest whenever it opens.
  const version = await readLevelVersion(path);
  let isWhole = version !== null && version.lastSequence === survey.lastSequence;
  const earlier = [...survey.earlier];
  for (let from = 0; isWhole && from < earlier.length; from += provedKeys) {
    const some = earlier.slice(from, from + provedKeys);
    const values = await db.getMany(some.map(([text]) => Buffer.from(text, "latin1")));
    isWhole = some.every(([, checksum], k) => checksumOf(values[k]) === checksum);
  }
  if (isWhole) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_STORAGE",
    `cannot open ${path}: LevelDB could not read all of its log; everything is there still`,
  );
}

function checksumOf(value: Uint8Array | undefined): number | null {
  return value === undefined ? null : crc32c(value);
}
