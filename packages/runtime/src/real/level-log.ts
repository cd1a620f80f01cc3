import { open, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { crc32c } from "./crc32c.ts";
import { BadLevelFile, fixed32, LevelCursor } from "./level-file.ts";
import { blockBytes, RecordReader } from "./level-records.ts";

/** Read at once: whole blocks. */
const chunkBytes = 32 * blockBytes;
const batchHeaderBytes = 12;
const [deletion, put] = [0, 1];

/** A log that LevelDB has to take in when it opens its folder. */
export interface LevelLog {
  readonly number: number;
  readonly name: string;
  readonly bytes: number;
}

/** What the logs of a folder hold. */
export interface LevelLogs {
  /** Oldest first. */
  readonly logs: readonly LevelLog[];
  /** Number of the last change in them; 0 when there is none. */
  readonly lastSequence: number;
  /**
   * What the newest log does not hold: a checksum of the value by key (each byte a character), null where it was deleted.
   */
  readonly earlier: ReadonlyMap<string, number | null>;
}

/** Reads, in full, every log with this number or a higher one. @throws BadLevelFile */
export async function readLevelLogs(folder: string, fromNumber: number): Promise<LevelLogs> {
  const numbered = (await readdir(folder)).flatMap((name) => {
    const [, digits] = /^(\d+)\.log$/.exec(name) ?? [];
    return digits === undefined || Number(digits) < fromNumber ? [] : [{ name, number: Number(digits) }];
  });
  numbered.sort((one, other) => one.number - other.number);
  const earlier = new Map<string, number | null>();
  const logs: LevelLog[] = [];
  let lastSequence = 0;
  for (const { name, number } of numbered) {
    const isNewest = number === numbered.at(-1)?.number;
    const isAlone = numbered.length === 1;
    const bytes = await readRecords(join(folder, name), (record) => {
      lastSequence = Math.max(lastSequence, sequenceOf(record));
      if (!isAlone) noteChanges(record, earlier, isNewest);
    });
    logs.push({ number, name, bytes });
  }
  return { logs, lastSequence, earlier };
}

/** Hands over the records of a file, and gives its size. */
async function readRecords(path: string, take: (record: Uint8Array) => void): Promise<number> {
  const handle = await open(path, "r");
  try {
    const reader = new RecordReader();
    const chunk = new Uint8Array(chunkBytes);
    for (let size = 0; ;) {
      let filled = 0;
      while (filled < chunkBytes) {
        const { bytesRead } = await handle.read(chunk, filled, chunkBytes - filled, size + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      for (let at = 0; at < filled; at += blockBytes)
        for (const record of reader.push(chunk.subarray(at, Math.min(filled, at + blockBytes)))) take(record);
      size += filled;
      if (filled === chunkBytes) continue;
      reader.finish();
      return size;
    }
  } catch (error) {
    throw error instanceof BadLevelFile ? new BadLevelFile(`${basename(path)}: ${error.message}`) : error;
  } finally {
    await handle.close();
  }
}

/** The number of the last change in a batch. */
function sequenceOf(record: Uint8Array): number {
  if (record.length < batchHeaderBytes) throw new BadLevelFile("a record is too short for a batch");
  return fixed32(record, 0) + 2 ** 32 * fixed32(record, 4) + fixed32(record, 8) - 1;
}

function noteChanges(record: Uint8Array, earlier: Map<string, number | null>, isNewest: boolean): void {
  const cursor = new LevelCursor(record);
  cursor.at = batchHeaderBytes;
  while (!cursor.isAtEnd) {
    const kind = cursor.varint();
    if (kind !== deletion && kind !== put) throw new BadLevelFile("a change is of no known kind");
    const key = Buffer.from(cursor.bytes()).toString("latin1");
    const value = kind === put ? crc32c(cursor.bytes()) : null;
    if (isNewest) earlier.delete(key);
    else earlier.set(key, value);
  }
}
