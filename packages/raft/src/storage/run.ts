import { crc32 } from "node:zlib";
import { FlotillaError } from "@flotilla/runtime";
import { decodeRun } from "../core/entry-codec.ts";
import type { Entry } from "../core/entry.ts";
import type { Index } from "../core/types.ts";
import { damaged } from "./sealed.ts";

/**
 * Opens a packed run that should begin at `first`. Every frame's checksum is verified.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`
 */
export function unpackRun(packed: Uint8Array, first: Index): Entry[] {
  const entries = decode(packed, first);
  if (entries[0]?.index !== first) throw damaged(`the run at entry ${first} does not begin there`);
  return entries;
}

function decode(packed: Uint8Array, first: Index): Entry[] {
  try {
    return decodeRun(packed);
  } catch (cause) {
    if (!FlotillaError.is(cause)) throw cause;
    throw damaged(`the run at entry ${first} does not hold what was written`, cause);
  }
}

/** Carries a chained checksum on over the frames of `entries`. */
export function chainOver(chain: number, entries: readonly Entry[]): number {
  let result = chain;
  for (const entry of entries) result = crc32(entry.frame, result);
  return result;
}
