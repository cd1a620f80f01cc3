import type { Node, SessionId, TreeEvent } from "@flotilla/kv";
import { limits, packStat, unpackStat } from "@flotilla/kv";
import { FlotillaError, readArray, readBytes, readOneOf, readString, readUint } from "@flotilla/runtime";
import type { ResumeToken } from "./messages.ts";

const hexId = /^[0-9a-f]{32}$/;

/** A session or lease id as text: 32 lowercase hex characters. @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readId(value: unknown, what: string): SessionId {
  const text = readString(value, what, 32);
  if (!hexId.test(text))
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `${what}: expected 32 hex characters`);
  return text;
}

/** A path of at most `limits.pathBytes`; whether it is a good one is judged where it is used. */
export function readPath(value: unknown, what: string): string {
  return readString(value, what, limits.pathBytes);
}

/** What `read` makes of the value, null for null. */
export function readNullable<T>(
  value: unknown,
  what: string,
  read: (value: unknown, what: string) => T,
): T | null {
  return value === null ? null : read(value, what);
}

/** A `Node` as a positional array. */
export function packNode(node: Node): unknown {
  return [node.value, packStat(node.stat)];
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readNode(value: unknown, what: string): Node {
  const items = readArray(value, what, 2, 2);
  return { value: readBytes(items[0], "value", limits.valueBytes), stat: unpackStat(items[1]) };
}

const eventTypes = ["created", "changed", "deleted"] as const;

/** A `TreeEvent` as a positional array. */
export function packEvent(event: TreeEvent): unknown {
  const node = event.node === null ? null : packNode(event.node);
  return [event.revision, event.ordinal, eventTypes.indexOf(event.type), event.path, node];
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readEvent(value: unknown, what: string): TreeEvent {
  const items = readArray(value, what, 5, 5);
  return {
    revision: readUint(items[0], "revision"),
    ordinal: readUint(items[1], "ordinal"),
    type: readOneOf(eventTypes[readUint(items[2], "event type", 2)], "event type", eventTypes),
    path: readPath(items[3], "path"),
    node: readNullable(items[4], "node", readNode),
  };
}

/** A `ResumeToken` as a positional array. */
export function packToken(token: ResumeToken): unknown {
  return [token.historyId, token.revision, token.ordinal];
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readToken(value: unknown, what: string): ResumeToken {
  const items = readArray(value, what, 3, 3);
  return {
    historyId: readString(items[0], "historyId", 128),
    revision: readUint(items[1], "revision"),
    ordinal: readUint(items[2], "ordinal"),
  };
}
