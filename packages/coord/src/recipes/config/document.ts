import { limits, type Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { numberAt, readRecord, textAt } from "../record.ts";
import type { ConfigVersion } from "./api.ts";

/** What a version's node says besides its value. */
export type Facts = Pick<ConfigVersion<unknown>, "version" | "by" | "note" | "restored">;

const nameLength = 10;

/** The name of a version's node, which sorts as the version does. */
export function versionName(version: number): string {
  return String(version).padStart(nameLength, "0");
}

/** True for what can be the name of a version's node. */
export function isVersionName(name: string): boolean {
  return name.length >= nameLength && /^\d+$/.test(name);
}

/** One command writes a version twice: as the latest one, and as one that is kept. */
const maxBytes = Math.floor(limits.multiBytes / 2);
const encoder = new TextEncoder();

/**
 * @param json the value
 * @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE`
 */
export function documentOf(path: string, { version, by, note, restored }: Facts, json: string): string {
  const facts = JSON.stringify({ version, by, note, restored });
  const document = `${facts.slice(0, -1)},"value":${json}}`;
  const { length } = encoder.encode(document);
  if (length <= maxBytes) return document;
  const message = `a version of ${path} would have ${length} bytes; the limit is ${maxBytes}`;
  throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", message);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` when it is no version */
export function readDocument(path: string, node: Node): ConfigVersion<unknown> {
  const record = readRecord(node);
  const version = record === null ? 0 : numberAt(record, "version", 0);
  if (record === null || version < 1 || !("value" in record))
    throw new FlotillaError("ERR_FLOTILLA_BAD_VALUE", `${path} holds no version of a config`);
  const restored = numberAt(record, "restored", 0);
  return {
    version,
    value: record["value"],
    revision: node.stat.mzxid,
    by: textAt(record, "by", ""),
    atMs: node.stat.mtimeMs,
    note: textAt(record, "note", ""),
    restored: restored === 0 ? null : restored,
  };
}
