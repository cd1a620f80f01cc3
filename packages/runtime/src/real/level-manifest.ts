import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BadLevelFile, LevelCursor } from "./level-file.ts";
import { recordsIn } from "./level-records.ts";
import { systemCode } from "./storage-error.ts";

/** What a LevelDB consists of, as its manifest says. */
export interface LevelVersion {
  /** Sizes of the tables by their numbers. */
  readonly tables: ReadonlyMap<number, number>;
  /** Number of the oldest log that is not in the tables yet; 0 before there ever was one. */
  readonly log: number;
  /** Number of the last change in the tables. */
  readonly lastSequence: number;
  /** The manifest's name. */
  readonly name: string;
  /** The manifest's own bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Reads what a LevelDB folder consists of; null when it is not one yet. What a crash cut off the end of the manifest
 * never happened.
 * @throws BadLevelFile
 */
export async function readLevelVersion(folder: string): Promise<LevelVersion | null> {
  const current = await readIfThere(join(folder, "CURRENT"));
  if (current === undefined) {
    await requireUnused(folder);
    return null;
  }
  const [, name] = /^(MANIFEST-\d+)\n$/.exec(Buffer.from(current).toString("latin1")) ?? [];
  if (name === undefined) throw new BadLevelFile("CURRENT names no manifest");
  const bytes = await readIfThere(join(folder, name));
  if (bytes === undefined) {
    const now = await readIfThere(join(folder, "CURRENT"));
    // A process that has just opened the folder made another manifest.
    if (now !== undefined && Buffer.compare(now, current) !== 0) return readLevelVersion(folder);
    throw new BadLevelFile(`${name}, which CURRENT names, is missing`);
  }
  try {
    return { ...replay(recordsIn(bytes)), name, bytes };
  } catch (error) {
    throw error instanceof BadLevelFile ? new BadLevelFile(`${name}: ${error.message}`) : error;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

// LevelDB would begin anew, and remove the tables. A first opening that a crash cut short leaves neither.
async function requireUnused(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const isTable = /\.(?:ldb|sst)$/.test(name);
    if (isTable || (name.endsWith(".log") && (await stat(join(folder, name))).size > 0))
      throw new BadLevelFile(`CURRENT is missing, but ${name} is there`);
  }
}

/** What each part of a version edit begins with. */
const tag = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

function replay(records: readonly Uint8Array[]): Pick<LevelVersion, "tables" | "log" | "lastSequence"> {
  const tables = new Map<number, number>();
  let log: number | null = null;
  let lastSequence = 0;
  for (const record of records) {
    const cursor = new LevelCursor(record);
    while (!cursor.isAtEnd) {
      switch (cursor.varint()) {
        case tag.comparator:
          cursor.bytes();
          break;
        case tag.logNumber:
          log = cursor.varint();
          break;
        case tag.lastSequence:
          lastSequence = cursor.varint();
          break;
        case tag.nextFile:
        case tag.previousLog:
          cursor.varint();
          break;
        case tag.compactPointer:
          cursor.varint();
          cursor.bytes();
          break;
        case tag.deletedFile:
          cursor.varint();
          tables.delete(cursor.varint());
          break;
        case tag.newFile: {
          cursor.varint();
          const number = cursor.varint();
          tables.set(number, cursor.varint());
          cursor.bytes();
          cursor.bytes();
          break;
        }
        default:
          throw new BadLevelFile("an edit is of no known kind");
      }
    }
  }
  // A length beyond the end looks like a crash, but no crash leaves a manifest without its first edits.
  if (log === null) throw new BadLevelFile("no edit names a log");
  return { tables, log, lastSequence };
}
