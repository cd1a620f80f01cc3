import { crc32 } from "node:zlib";
import { FlotillaError, readArray, readList, readUint } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { LogId } from "../core/types.ts";
import { readSealed, seal, unseal } from "./sealed.ts";

const fileName = "skips";
const maxMarks = 1024;
const maxUint32 = 0xffff_ffff;

/** One entry that the state machine is to pass over, and no other at its place. */
export interface SkipMark extends LogId {
  /** CRC-32 of the whole frame. */
  readonly checksum: number;
}

/** Entries that an operator had passed over, as they stand beside the log. */
export class Skips {
  readonly #marks: ReadonlyMap<number, readonly SkipMark[]>;

  constructor(marks: readonly SkipMark[]) {
    const byIndex = new Map<number, SkipMark[]>();
    for (const mark of marks) byIndex.set(mark.index, [...(byIndex.get(mark.index) ?? []), mark]);
    this.#marks = byIndex;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE` */
  static async open(files: Files): Promise<Skips> {
    return new Skips(await readMarks(files));
  }

  has(entry: Entry): boolean {
    const marks = this.#marks.get(entry.index);
    if (marks === undefined) return false;
    const { term, checksum } = markOf(entry);
    return marks.some((mark) => mark.term === term && mark.checksum === checksum);
  }
}

/**
 * Has an entry passed over from now on. Durable when it resolves; the node must not run.
 * @throws FlotillaError `ERR_FLOTILLA_CONDITION` when 1,024 are passed over already; `ERR_FLOTILLA_DAMAGED`,
 * `ERR_FLOTILLA_STORAGE`
 */
export async function addSkip(files: Files, entry: Entry): Promise<void> {
  const marks = await readMarks(files);
  if (marks.length >= maxMarks)
    throw new FlotillaError("ERR_FLOTILLA_CONDITION", `${maxMarks} entries are passed over already`);
  const records = [...marks, markOf(entry)].map(({ index, term, checksum }) => [index, term, checksum]);
  await files.replace(fileName, seal(records, fileName));
}

function markOf({ index, term, frame }: Entry): SkipMark {
  return { index, term, checksum: crc32(frame) };
}

async function readMarks(files: Files): Promise<readonly SkipMark[]> {
  const what = "the list of entries to pass over";
  const bytes = await files.read(fileName);
  if (bytes === undefined) return [];
  const value = unseal(bytes, fileName, what);
  return readSealed(what, () => readList(value, "marks", maxMarks, readMark));
}

function readMark(value: unknown): SkipMark {
  const [index, term, checksum] = readArray(value, "mark", 3, 3);
  return {
    index: readUint(index, "index"),
    term: readUint(term, "term"),
    checksum: readUint(checksum, "checksum", maxUint32),
  };
}
