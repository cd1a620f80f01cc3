import { snapshotFormat } from "@flotilla/kv";
import { CborReader, CborWriter } from "@flotilla/runtime";
import type { DigestPoint } from "../wire/admin-messages.ts";

const tag = 2;
const digestLength = 16;
/** First byte of an array of four: no other message between members begins with it. */
const arrayOfFour = 0x84;

const writer = new CborWriter();

/** `[2, commands, digest, format]`; the format is that of snapshots: with another one the same state may have another digest. */
export function encodeDigestPoint({ commands, digest }: DigestPoint): Uint8Array {
  writer.begin();
  writer.array(4);
  writer.number(tag);
  writer.number(commands);
  writer.text(digest);
  writer.number(snapshotFormat);
  return writer.finish().slice();
}

/** Whether a message between members is one of these. */
export function isDigestPoint(payload: Uint8Array): boolean {
  return payload[0] === arrayOfFour;
}

/**
 * Null for one of a version whose digests cannot be compared.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeDigestPoint(payload: Uint8Array): DigestPoint | null {
  const reader = new CborReader(payload);
  reader.array("digest", 4, 4);
  reader.uint("tag", tag);
  const commands = reader.uint("commands");
  const digest = reader.text("digest", digestLength);
  const format = reader.uint("format");
  reader.end("digest");
  return format === snapshotFormat ? { commands, digest } : null;
}
