import {
  CborReader,
  decode,
  FlotillaError,
  readArray,
  readOptionalString,
  readUint,
} from "@flotilla/runtime";
import type { HardState, LogId } from "@flotilla/raft";
import type { DurableStore, SimDisk } from "@flotilla/runtime/sim";

/** What the disk certainly holds of a log. */
export interface DurableTail {
  readonly seq: number;
  readonly base: LogId;
  readonly last: LogId;
}

const sealBytes = 4;
const tailFields = 11;
const hardKey = Uint8Array.of(0x01);
const tailKey = Uint8Array.of(0x02);
const maxIdBytes = 64;

function open(store: DurableStore, key: Uint8Array): readonly unknown[] | null {
  const sealed = store.get(key);
  return sealed === undefined ? null : readArray(decode(sealed.subarray(sealBytes)), "record", 1, 16);
}

/** Reads the log's newest durable batch apart from the code that wrote it. Null before the first. */
export function durableTail(store: DurableStore): DurableTail | null {
  const sealed = store.get(tailKey);
  if (sealed === undefined) return null;
  const fields = new CborReader(sealed.subarray(sealBytes));
  fields.array("tail", tailFields, tailFields);
  const next = (): number => fields.uint("tail");
  const skip = (count: number): void => {
    for (let left = count; left > 0; left -= 1) next();
  };
  const seq = next();
  skip(2);
  const base = { index: next(), term: next() };
  skip(3);
  const last = { index: next(), term: next() };
  skip(1);
  fields.end("tail");
  return { seq, base, last };
}

/** The record of the durable term and vote as it stands on the disk, which is another one after each change. */
export function hardRecord(store: DurableStore): Uint8Array | undefined {
  return store.get(hardKey);
}

/** Reads the durable term and vote. Null before the first. */
export function durableHard(store: DurableStore): HardState | null {
  const fields = open(store, hardKey);
  if (fields === null) return null;
  return {
    term: readUint(fields[1], "term"),
    vote: readOptionalString(fields[2], "vote", maxIdBytes) ?? null,
  };
}

const manifestName = /^snapshots\/(\d+)-(\d+)\.manifest$/;
const sizeAt = 3;
const installedAt = 6;

/** Null for one that rotted: its node passes it over, too. */
function fieldsOf(manifest: Uint8Array): readonly unknown[] | null {
  try {
    return readArray(decode(manifest.subarray(sealBytes)), "manifest", 7, 7);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return null;
    throw error;
  }
}

/** The last entries of received snapshots whose manifest and bytes are both durable. */
export function durableInstalls(disk: SimDisk): LogId[] {
  const found: LogId[] = [];
  for (const name of disk.durableFiles()) {
    const [, index, term] = manifestName.exec(name) ?? [];
    const manifest = index === undefined ? undefined : disk.durableFile(name);
    if (manifest === undefined || manifest.length <= sealBytes) continue;
    const fields = fieldsOf(manifest);
    if (fields === null) continue;
    const data = disk.durableFile(name.replace(/manifest$/, "data"));
    if (fields[installedAt] !== true || data?.length !== fields[sizeAt]) continue;
    found.push({ index: Number(index), term: Number(term) });
  }
  return found;
}
