import type { Level } from "level";
import type { StoreRange } from "../disk.ts";

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** How many entries one step of a scan takes at most, and about how many bytes. */
const stepEntries = 1000;
const stepBytes = 1024 * 1024;

/** A scan over a view fixed when it was opened. */
export interface Scan {
  /** The next entries; none at the end. */
  next(): Promise<Entry[]>;
  close(): Promise<void>;
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Opens a scan; what it reads does not push hot blocks out of LevelDB's cache. */
export function openScan(db: Level<Uint8Array, Uint8Array>, range: StoreRange): Scan {
  const options = { fillCache: false, highWaterMarkBytes: stepBytes };
  const iterator = db.iterator({ ...options, ...boundsOf(range) });
  return {
    async next() {
      const entries = await iterator.nextv(stepEntries);
      return entries.map(([key, value]) => [plain(key), plain(value)] as const);
    },
    close: () => iterator.close(),
  };
}

/** As LevelDB takes a range. */
export function boundsOf({ from, to }: StoreRange): { readonly gte?: Uint8Array; readonly lt?: Uint8Array } {
  return { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) };
}
