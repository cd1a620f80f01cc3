import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FlotillaError } from "../errors.ts";
import { crc32c } from "./crc32c.ts";
import { systemCode } from "./storage-error.ts";

const footerBytes = 48;
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;
const maskDelta = 0xa282ead8;
/** Checked in one turn. */
const sliceBytes = 1 << 20;

/** Where a block lies, without its trailer. */
interface Handle {
  readonly offset: number;
  readonly size: number;
}

class BadTable extends Error {}

/** Reads numbers of LevelDB's table format, never beyond the end. */
class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) break;
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new BadTable("a number is cut short");
  }

  handle(): Handle {
    return { offset: this.varint(), size: this.varint() };
  }
}

/** The contents of a block whose checksum holds. */
function blockAt(table: Uint8Array, { offset, size }: Handle): Uint8Array {
  const end = offset + size + trailerBytes;
  if (end > table.length - footerBytes) throw new BadTable("a block lies outside of the file");
  const stored = new DataView(table.buffer, table.byteOffset, table.byteLength).getUint32(end - 4, true);
  const crc = crc32c(table.subarray(offset, end - 4));
  const masked = (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
  if (masked !== stored) throw new BadTable(`the block at byte ${offset} does not match its checksum`);
  return table.subarray(offset, offset + size);
}

/** What the entries of an index point at. Its own checksum held, so only a foreign layout can fail here. */
function handlesIn(block: Uint8Array): Handle[] {
  if (block.length < 4) throw new BadTable("an index is too short");
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(
    block.length - 4,
    true,
  );
  const end = block.length - 4 - 4 * restarts;
  const cursor = new Cursor(block);
  const found: Handle[] = [];
  while (cursor.at < end) {
    cursor.varint();
    const keyBytes = cursor.varint();
    const valueEnd = cursor.varint();
    cursor.at += keyBytes;
    const valueAt = cursor.at;
    found.push(cursor.handle());
    cursor.at = valueAt + valueEnd;
  }
  return found;
}

/** True for a file that was finished: one that a crash cut short has no footer, and LevelDB does not use it. */
function isFinished(table: Uint8Array): boolean {
  if (table.length < footerBytes) return false;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return view.getBigUint64(table.length - 8, true) === magic;
}

async function verifyTable(table: Uint8Array): Promise<void> {
  if (!isFinished(table)) return;
  const footer = new Cursor(table.subarray(table.length - footerBytes));
  const [metaIndex, index] = [footer.handle(), footer.handle()];
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

async function readTable(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function tablesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith(".ldb") || name.endsWith(".sst")).toSorted();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * Verifies the checksum of every block of every finished table in a LevelDB folder. LevelDB as it is built does
 * not, and aborts the whole process on some damaged bytes.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` naming the file
 */
export async function verifyTables(folder: string): Promise<void> {
  for (const name of await tablesIn(folder)) {
    const path = join(folder, name);
    const table = await readTable(path);
    try {
      if (table !== undefined) await verifyTable(table);
    } catch (error) {
      if (!(error instanceof BadTable)) throw error;
      throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `${path} is damaged: ${error.message}`, {
        cause: error,
      });
    }
  }
}
