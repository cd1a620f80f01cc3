import { crc32 } from "node:zlib";
import { FlotillaError } from "@flotilla/runtime";
import { decodeEntries } from "../core/entry-codec.ts";
import type { Entry } from "../core/entry.ts";
import type { Index } from "../core/types.ts";
import { damaged } from "./sealed.ts";

/** All frames one after the other, in memory of their own. */
export function packEntries(entries: readonly Entry[]): Uint8Array {
  let length = 0;
  for (const entry of entries) length += entry.frame.length;
  const packed = new Uint8Array(length);
  let offset = 0;
  for (const entry of entries) {
    packed.set(entry.frame, offset);
    offset += entry.frame.length;
  }
  return packed;
}

/**
 * Opens a packed run that should begin at `first`. Every frame's checksum is verified.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`
 */
export function unpackRun(packed: Uint8Array, first: Index): Entry[] {
  const entries = decodeRun(packed, first);
  for (const [position, entry] of entries.entries()) {
    if (entry.index !== first + position) throw damaged(`entry ${first + position} is not where it should be`);
  }
  if (entries.length === 0) throw damaged(`the run at entry ${first} is empty`);
  return entries;
}

function decodeRun(packed: Uint8Array, first: Index): Entry[] {
  try {
    return decodeEntries(packed);
  } catch (cause) {
    if (!FlotillaError.is(cause)) throw cause;
    throw damaged(`the run at entry ${first} does not match its checksums`, cause);
  }
}

/** Carries a chained checksum on over the frames of `entries`. */
export function chainOver(chain: number, entries: readonly Entry[]): number {
  let result = chain;
  for (const entry of entries) result = crc32(entry.frame, result);
  return result;
}

/** Splits entries into groups of at most `maxBytes` of frames, at least one entry each. */
export function groupByBytes(entries: readonly Entry[], maxBytes: number): Entry[][] {
  const groups: Entry[][] = [];
  let group: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (group.length > 0 && bytes + entry.frame.length > maxBytes) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += entry.frame.length;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
