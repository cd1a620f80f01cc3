import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FlotillaError } from "../errors.ts";
import { BadLevelFile, fixed32, LevelCursor, maskedCrc } from "./level-file.ts";
import { readLevelLogs } from "./level-log.ts";
import type { LevelLogs } from "./level-log.ts";
import { readLevelVersion } from "./level-manifest.ts";
import type { LevelVersion } from "./level-manifest.ts";
import { systemCode } from "./storage-error.ts";

const footerBytes = 48;
const trailerBytes = 5;
const magicBytes = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
/** Checked in one turn. */
const sliceBytes = 1 << 20;

/** Where a block lies, without its trailer. */
interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(cursor: LevelCursor): Handle {
  return { offset: cursor.varint(), size: cursor.varint() };
}

/** The contents of a block whose checksum holds. */
function blockAt(table: Uint8Array, { offset, size }: Handle): Uint8Array {
  const end = offset + size + trailerBytes;
  if (end > table.length - footerBytes) throw new BadLevelFile("a block lies outside of the file");
  if (maskedCrc(table.subarray(offset, end - 4)) !== fixed32(table, end - 4))
    throw new BadLevelFile(`the block at byte ${offset} does not match its checksum`);
  return table.subarray(offset, offset + size);
}

/** What the entries of an index point at. Its own checksum held, so only a foreign layout can fail here. */
function handlesIn(block: Uint8Array): Handle[] {
  if (block.length < 4) throw new BadLevelFile("an index is too short");
  const end = block.length - 4 - 4 * fixed32(block, block.length - 4);
  const cursor = new LevelCursor(block);
  const found: Handle[] = [];
  while (cursor.at < end) {
    cursor.varint();
    const keyBytes = cursor.varint();
    const valueEnd = cursor.varint();
    cursor.at += keyBytes;
    const valueAt = cursor.at;
    found.push(readHandle(cursor));
    cursor.at = valueAt + valueEnd;
  }
  return found;
}

async function verifyTable(table: Uint8Array, size: number): Promise<void> {
  if (table.length !== size) throw new BadLevelFile(`${table.length} bytes instead of ${size}`);
  if (size < footerBytes) throw new BadLevelFile("too short for a footer");
  const magicAt = size - magicBytes.length;
  if (!magicBytes.every((byte, k) => table[magicAt + k] === byte))
    throw new BadLevelFile("no footer at its end");
  const footer = new LevelCursor(table.subarray(size - footerBytes));
  const [metaIndex, index] = [readHandle(footer), readHandle(footer)];
  let checked = 0;
  for (const list of [metaIndex, index]) {
    for (const handle of handlesIn(blockAt(table, list))) {
      blockAt(table, handle);
      checked += handle.size;
      if (checked < sliceBytes) continue;
      checked = 0;
      await nextTurn();
    }
  }
}

async function readPart(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw systemCode(error) === "ENOENT" ? new BadLevelFile("it is missing") : error;
  }
}

/** Everything that a LevelDB folder consists of, verified. */
export interface LevelSurvey extends LevelLogs {
  readonly version: LevelVersion;
  /** The names of its tables. */
  readonly tables: readonly string[];
}

async function survey(folder: string, version: LevelVersion): Promise<LevelSurvey> {
  const tables: string[] = [];
  for (const [number, size] of version.tables) {
    const name = `${digits(number)}.ldb`;
    try {
      await verifyTable(await readPart(folder, name), size);
    } catch (error) {
      throw error instanceof BadLevelFile ? new BadLevelFile(`${name}: ${error.message}`) : error;
    }
    tables.push(name);
  }
  const found = await readLevelLogs(folder, version.log);
  if (version.log !== 0 && found.logs[0]?.number !== version.log)
    throw new BadLevelFile(`${digits(version.log)}.log is missing`);
  const lastSequence = Math.max(version.lastSequence, found.lastSequence);
  return { ...found, lastSequence, version, tables };
}

/** A file's number as its name shows it. */
function digits(number: number): string {
  return String(number).padStart(6, "0");
}

/**
 * Verifies that everything a LevelDB folder should consist of is there and can be read: the manifest and, in full, every
 * table that it names, and every log that is not in the tables yet. LevelDB as it is built does not: it aborts the whole
 * process on some damaged bytes, takes a log that it cannot open or read for an empty one, passes over what is damaged
 * in it, and removes it. What no manifest names is ignored. Null when there is nothing yet.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` naming the file; the system's error when a file cannot be read
 */
export async function verifyLevel(folder: string): Promise<LevelSurvey | null> {
  try {
    let version = await readLevelVersion(folder);
    while (version !== null) {
      try {
        return await survey(folder, version);
      } catch (error) {
        // A process that uses the folder removes files once its manifest no longer names them.
        const now: LevelVersion | null = await readLevelVersion(folder);
        if (now !== null && Buffer.compare(now.bytes, version.bytes) === 0) throw error;
        version = now;
      }
    }
    return null;
  } catch (error) {
    if (!(error instanceof BadLevelFile)) throw error;
    throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `${folder} is damaged: ${error.message}`, {
      cause: error,
    });
  }
}
