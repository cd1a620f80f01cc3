import { idDigits, limits } from "@flotilla/kv";
import type { NodeChange, NodeChangesPage, WatchToken } from "@flotilla/kv";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import type { ChangesQuery } from "./messages.ts";
import { readEventType, readPath, writeEventType } from "./tree-codec.ts";

function writePoint(writer: CborWriter, { revision, ordinal }: WatchToken): void {
  writer.array(2);
  writer.number(revision);
  writer.number(ordinal);
}

function readPoint(reader: CborReader): WatchToken {
  reader.array("point", 2, 2);
  return { revision: reader.uint("revision"), ordinal: reader.uint("ordinal") };
}

function writePointOrNull(writer: CborWriter, point: WatchToken | null): void {
  if (point === null) writer.null();
  else writePoint(writer, point);
}

function readPointOrNull(reader: CborReader): WatchToken | null {
  return reader.takeNull() ? null : readPoint(reader);
}

/** Writes the three items of a `ChangesQuery`. */
export function writeChangesQuery(writer: CborWriter, { path, before, limit }: ChangesQuery): void {
  writer.text(path);
  writePointOrNull(writer, before);
  writer.number(limit);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readChangesQuery(reader: CborReader): ChangesQuery {
  return {
    type: "changes",
    path: readPath(reader, "path"),
    before: readPointOrNull(reader),
    limit: reader.uint("limit", limits.changesPage),
  };
}

function writeChange(writer: CborWriter, { revision, ordinal, type, by, timeMs, version }: NodeChange): void {
  writer.array(6);
  writer.number(revision);
  writer.number(ordinal);
  writeEventType(writer, type);
  if (by === null) writer.null();
  else writer.text(by);
  writer.number(timeMs);
  writer.number(version);
}

function readChange(reader: CborReader): NodeChange {
  reader.array("change", 6, 6);
  return {
    revision: reader.uint("revision"),
    ordinal: reader.uint("ordinal"),
    type: readEventType(reader),
    by: reader.takeNull() ? null : reader.hex("session", idDigits),
    timeMs: reader.uint("time"),
    version: reader.uint("version"),
  };
}

/** Writes the three items of a `NodeChangesPage`. */
export function writeChanges(writer: CborWriter, { changes, next, floor }: NodeChangesPage): void {
  writer.array(changes.length);
  for (const change of changes) writeChange(writer, change);
  writePointOrNull(writer, next);
  writePoint(writer, floor);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readChanges(reader: CborReader): NodeChangesPage {
  return {
    changes: reader.list("changes", limits.changesPage, readChange),
    next: readPointOrNull(reader),
    floor: readPoint(reader),
  };
}
