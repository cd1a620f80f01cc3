import type { LeaseEntry, Node, SessionInfo } from "@flotilla/kv";
import { idDigits, limits, readStat, writeStat } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import type { ResumeToken, ToldEvent } from "./messages.ts";

/** A path of at most `limits.pathBytes`; whether it is a good one is judged where it is used. */
export function readPath(reader: CborReader, what: string): string {
  return reader.text(what, limits.pathBytes);
}

/** An id, an address or a name. */
export function readName(reader: CborReader, what: string): string {
  return reader.text(what, wireBounds.nameBytes);
}

/** Writes a `Node` as a positional array. */
export function writeNode(writer: CborWriter, node: Node): void {
  writer.array(2);
  writer.bytes(node.value);
  writeStat(writer, node.stat);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readNode(reader: CborReader): Node {
  reader.array("node", 2, 2);
  return { value: reader.bytes("value", limits.valueBytes), stat: readStat(reader) };
}

/** Writes a list of texts. */
export function writeTexts(writer: CborWriter, texts: readonly string[]): void {
  writer.array(texts.length);
  for (const text of texts) writer.text(text);
}

/** A session or lease id. */
export function readId(reader: CborReader, what: string): string {
  return reader.hex(what, idDigits);
}

/** Writes a `SessionInfo` as a positional array. */
export function writeSession(writer: CborWriter, session: SessionInfo): void {
  writer.array(7);
  writer.text(session.id);
  writer.number(session.ttlMs);
  writer.number(session.attach);
  writer.number(session.lastSeq);
  writer.number(session.leases);
  writer.number(session.nodes);
  writer.boolean(session.doomed);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readSession(reader: CborReader): SessionInfo {
  reader.array("session", 7, 7);
  return {
    id: readId(reader, "session"),
    ttlMs: reader.uint("ttl"),
    attach: reader.uint("attach"),
    lastSeq: reader.uint("seq"),
    leases: reader.uint("leases"),
    nodes: reader.uint("nodes"),
    doomed: reader.boolean("doomed"),
  };
}

/** Writes a `LeaseEntry` as a positional array. */
export function writeLease(writer: CborWriter, lease: LeaseEntry): void {
  writer.array(5);
  writer.text(lease.id);
  writer.text(lease.session);
  writer.number(lease.ttlMs);
  writer.boolean(lease.doomed);
  writer.number(lease.nodes);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readLease(reader: CborReader): LeaseEntry {
  reader.array("lease", 5, 5);
  return {
    id: readId(reader, "lease"),
    session: readId(reader, "session"),
    ttlMs: reader.uint("ttl"),
    doomed: reader.boolean("doomed"),
    nodes: reader.uint("nodes"),
  };
}

const eventTypes = ["created", "changed", "deleted"] as const;

/** Writes a `ToldEvent` as a positional array, all of it or all but `previous`. */
export function writeEvent(writer: CborWriter, event: ToldEvent, part: "all" | "after"): void {
  writer.array(part === "all" ? 6 : 5);
  writer.number(event.revision);
  writer.number(event.ordinal);
  writeEventType(writer, event.type);
  writer.text(event.path);
  writeNodeOrNull(writer, event.node);
  if (part === "all") writeNodeOrNull(writer, event.previous);
}

/** Writes a node, or null. */
export function writeNodeOrNull(writer: CborWriter, node: Node | null): void {
  if (node === null) writer.null();
  else writeNode(writer, node);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readNodeOrNull(reader: CborReader): Node | null {
  return reader.takeNull() ? null : readNode(reader);
}

/** Writes what an event is as a number. */
export function writeEventType(writer: CborWriter, type: ToldEvent["type"]): void {
  writer.number(eventTypes.indexOf(type));
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readEventType(reader: CborReader): ToldEvent["type"] {
  const type = eventTypes[reader.uint("event type", 2)];
  if (type === undefined) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "event type: unknown");
  return type;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readEvent(reader: CborReader, part: "all" | "after"): ToldEvent {
  const items = part === "all" ? 6 : 5;
  reader.array("event", items, items);
  return {
    revision: reader.uint("revision"),
    ordinal: reader.uint("ordinal"),
    type: readEventType(reader),
    path: readPath(reader, "path"),
    node: readNodeOrNull(reader),
    previous: items === 6 ? readNodeOrNull(reader) : null,
  };
}

/** Writes a `ResumeToken` as a positional array. */
export function writeToken(writer: CborWriter, token: ResumeToken): void {
  writer.array(3);
  writer.text(token.historyId);
  writer.number(token.revision);
  writer.number(token.ordinal);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readToken(reader: CborReader): ResumeToken {
  reader.array("token", 3, 3);
  return {
    historyId: reader.text("historyId", 128),
    revision: reader.uint("revision"),
    ordinal: reader.uint("ordinal"),
  };
}
