import { FlotillaError } from "@flotilla/runtime";
import { decodeRun, encodeRun } from "../core/entry-codec.ts";
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

/**
 * Packs entries end to end. Frames that lie so already, as in what a leader sent, are not copied: the result
 * aliases them.
 */
export function packRun(entries: readonly Entry[]): Uint8Array {
  return spanOf(entries) ?? encodeRun(entries);
}

function spanOf(entries: readonly Entry[]): Uint8Array | null {
  const first = entries[0]?.frame;
  if (first === undefined || entries.length === 1) return first ?? null;
  const { buffer, byteOffset } = first;
  let end = byteOffset;
  for (const { frame } of entries) {
    if (frame.byteOffset !== end || frame.buffer !== buffer) return null;
    end += frame.length;
  }
  return new Uint8Array(buffer, byteOffset, end - byteOffset);
}
