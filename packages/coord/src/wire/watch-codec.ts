import { isNamePattern, limits } from "@flotilla/kv";
import type { TreeEvent, WatchKind } from "@flotilla/kv";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import type { WatchSpec, WatchWants } from "./messages.ts";
import { readPath, readToken, writeToken } from "./tree-codec.ts";

/*
 * Positional CBOR arrays:
 *   watch: [id, path, kind, token|null, wants|null]
 *   token: [historyId, revision, ordinal]
 *   wants: [types, names|null, values, previous, bookmarkMs|null]; types: 1 created, 2 changed, 4 deleted, added up
 */

const kinds: readonly WatchKind[] = ["data", "children", "recursive"];
const types: readonly TreeEvent["type"][] = ["created", "changed", "deleted"];
const allTypes = 2 ** types.length - 1;

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

function writeWants(writer: CborWriter, wants: WatchWants): void {
  writer.array(5);
  writer.number(wants.types.reduce((sum, type) => sum | (2 ** types.indexOf(type)), 0));
  if (wants.names === null) writer.null();
  else writer.text(wants.names);
  writer.boolean(wants.values);
  writer.boolean(wants.previous);
  if (wants.bookmarkMs === null) writer.null();
  else writer.number(wants.bookmarkMs);
}

/** Writes a `WatchSpec` as a positional array. */
export function writeWatch(writer: CborWriter, watch: WatchSpec): void {
  writer.array(5);
  writer.number(watch.id);
  writer.text(watch.path);
  writer.number(kinds.indexOf(watch.kind));
  if (watch.from === null) writer.null();
  else writeToken(writer, watch.from);
  if (watch.wants === null) writer.null();
  else writeWants(writer, watch.wants);
}

function readTypes(reader: CborReader): WatchWants["types"] {
  const wanted = reader.uint("event types", allTypes);
  if (wanted === 0) bad("event types: expected at least one");
  return types.filter((_, bit) => (wanted & (2 ** bit)) !== 0);
}

function readNames(reader: CborReader): string {
  const names = reader.text("names", limits.patternCharacters * 3);
  return isNamePattern(names) ? names : bad("names: not a pattern");
}

function readBookmarkMs(reader: CborReader): number {
  const bookmarkMs = reader.uint("bookmarkMs", wireBounds.maxBookmarkMs);
  return bookmarkMs >= wireBounds.minBookmarkMs ? bookmarkMs : bad("bookmarkMs: too often");
}

function readWants(reader: CborReader): WatchWants {
  reader.array("wants", 5, 5);
  return {
    types: readTypes(reader),
    names: reader.takeNull() ? null : readNames(reader),
    values: reader.boolean("values"),
    previous: reader.boolean("previous"),
    bookmarkMs: reader.takeNull() ? null : readBookmarkMs(reader),
  };
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readWatch(reader: CborReader): WatchSpec {
  reader.array("watch", 5, 5);
  return {
    id: reader.uint("watch id"),
    path: readPath(reader, "watch path"),
    kind: kinds[reader.uint("watch kind", 2)] ?? bad("watch kind: unknown"),
    from: reader.takeNull() ? null : readToken(reader),
    wants: reader.takeNull() ? null : readWants(reader),
  };
}
