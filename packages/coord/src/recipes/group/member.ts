import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { isTextsByName, readRecord, textAt, textsByNameAt } from "../record.ts";
import type { GroupMember, GroupMeta } from "./api.ts";

/** @param key tells it from a successor under the same id */
export function memberRecord(meta: GroupMeta, key: string): string {
  return JSON.stringify({ meta, key });
}

/** Null for what is no member: only what ends with a session is one. */
export function readMember(id: string, node: Node): GroupMember | null {
  const { czxid, ctimeMs, mzxid, ephemeralOwner } = node.stat;
  const record = readRecord(node);
  if (record === null || ephemeralOwner === null || textAt(record, "key", "") === "") return null;
  return { id, meta: textsByNameAt(record, "meta"), joined: czxid, sinceMs: ctimeMs, revision: mzxid };
}

/** A copy. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function checkedMeta(meta: GroupMeta): GroupMeta {
  if (!isTextsByName(meta))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "meta: expected texts by name");
  return { ...meta };
}
