import { CborReader, CborWriter } from "@flotilla/runtime";
import type { DigestPoint } from "../wire/admin-messages.ts";

/** Raised when the same state gives another digest: members of different versions do not compare then. */
const digestFormat = 1;
const tag = 2;
const digestLength = 16;
/** First byte of an array of four: no other message between members begins with it. */
const arrayOfFour = 0x84;

const writer = new CborWriter();

/** `[2, commands, digest, format]` */
export function encodeDigestPoint({ commands, digest }: DigestPoint): Uint8Array {
  writer.begin();
  writer.array(4);
  writer.number(tag);
  writer.number(commands);
  writer.text(digest);
  writer.number(digestFormat);
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
  return format === digestFormat ? { commands, digest } : null;
}
