import type { CborReader, CborWriter } from "@flotilla/runtime";
import { idDigits } from "./ids.ts";
import type { Stat } from "./types.ts";

const items = 12;
const isContainer = -1;

/** One number: 0 for neither a container nor a ttl. */
function lifetimeOf({ container, ttlMs }: Stat): number {
  return container ? isContainer : (ttlMs ?? 0);
}

/** Writes a stat as a positional array. {@link readStat} is its inverse. */
export function writeStat(writer: CborWriter, stat: Stat): void {
  writer.array(items);
  writer.number(stat.czxid);
  writer.number(stat.mzxid);
  writer.number(stat.pzxid);
  writer.number(stat.ctimeMs);
  writer.number(stat.mtimeMs);
  writer.number(stat.version);
  writer.number(stat.cversion);
  writer.number(stat.aversion);
  if (stat.ephemeralOwner === null) writer.null();
  else writer.text(stat.ephemeralOwner);
  writer.number(stat.dataLength);
  writer.number(stat.numChildren);
  writer.number(lifetimeOf(stat));
}

/**
 * Reads a stat.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readStat(reader: CborReader): Stat {
  reader.array("stat", items, items);
  const stat = {
    czxid: reader.uint("czxid"),
    mzxid: reader.uint("mzxid"),
    pzxid: reader.uint("pzxid"),
    ctimeMs: reader.int("ctime"),
    mtimeMs: reader.int("mtime"),
    version: reader.uint("version"),
    cversion: reader.uint("cversion"),
    aversion: reader.uint("aversion"),
    ephemeralOwner: reader.takeNull() ? null : reader.hex("owner", idDigits),
    dataLength: reader.uint("length"),
    numChildren: reader.uint("children"),
    container: false,
    ttlMs: null as number | null,
  };
  // Set afterwards and not spread into another object, which would be a slow one.
  const lifetime = reader.int("lifetime");
  if (lifetime > 0) stat.ttlMs = lifetime;
  else stat.container = lifetime < 0;
  return stat;
}
