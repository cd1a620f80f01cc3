import { FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { decodeConfiguration, encodeConfiguration } from "../core/config/config-codec.ts";
import type { SnapshotOffer } from "../core/message.ts";
import { maxSnapshotBytes } from "../core/snapshot-head.ts";
import type { SnapshotHead, SnapshotName } from "../core/snapshot-head.ts";
import type { LogId, Term } from "../core/types.ts";

/** Asks a member for part of a snapshot. */
export interface SnapshotRequest extends SnapshotName {
  readonly type: "snapshot-request";
  readonly offset: number;
  /** Bytes wanted: 1 to `maxChunkBytes`. */
  readonly length: number;
}
/** Part of a snapshot, exactly as it was asked for. */
export interface SnapshotChunk extends SnapshotName {
  readonly type: "snapshot-chunk";
  readonly offset: number;
  /** CRC-32 of `bytes`. */
  readonly checksum: number;
  readonly bytes: Uint8Array;
}
/** No bytes: the sender does not have that snapshot, or serves others just now. */
export interface SnapshotRefusal extends SnapshotName {
  readonly type: "snapshot-refusal";
  readonly reason: "absent" | "busy";
}

/**
 * How the bytes of a snapshot travel, between any two members. Of no term: what the bytes must be, the leader said
 * in its offer.
 */
export type SnapshotTransfer = SnapshotRequest | SnapshotChunk | SnapshotRefusal;

/** Largest chunk, bytes. */
export const maxChunkBytes: number = 1 << 20;

const maxConfigBytes = 1 << 16;
const maxUint32 = 0xffff_ffff;
const hashBytes = 32;

/** Tag and number of fields of what this file encodes. */
export const snapshotTags = { offer: 18, reply: 19, request: 20, chunk: 21, refusal: 22 } as const;

export function isSnapshotTransfer(message: { readonly type: string }): message is SnapshotTransfer {
  return (
    message.type === "snapshot-request" ||
    message.type === "snapshot-chunk" ||
    message.type === "snapshot-refusal"
  );
}

export function writeSnapshotOffer(writer: CborWriter, offer: SnapshotOffer): void {
  writer.array(8);
  writer.number(snapshotTags.offer);
  writer.number(offer.term);
  writeName(writer, offer);
  writer.number(offer.timeMs);
  writer.array(2);
  writer.number(offer.configuration.index);
  writer.bytes(encodeConfiguration(offer.configuration));
  writer.number(offer.totalBytes);
}

export function writeSnapshotTransfer(writer: CborWriter, message: SnapshotTransfer): void {
  switch (message.type) {
    case "snapshot-request":
      writer.array(6);
      writer.number(snapshotTags.request);
      writeName(writer, message);
      writer.number(message.offset);
      writer.number(message.length);
      return;
    case "snapshot-chunk":
      writer.array(7);
      writer.number(snapshotTags.chunk);
      writeName(writer, message);
      writer.number(message.offset);
      writer.number(message.checksum);
      writer.bytes(message.bytes);
      return;
    case "snapshot-refusal":
      writer.array(5);
      writer.number(snapshotTags.refusal);
      writeName(writer, message);
      writer.boolean(message.reason === "busy");
  }
}

/** Reads what follows tag and term of an offer. */
export function readSnapshotOffer(reader: CborReader, term: Term): SnapshotOffer {
  const { last, hash } = readName(reader);
  const timeMs = reader.uint("time");
  const configuration = readConfiguration(reader, last);
  const totalBytes = reader.uint("size", maxSnapshotBytes);
  return { type: "snapshot-offer", term, last, hash, timeMs, configuration, totalBytes };
}

/** Reads what follows the tag. */
export function readSnapshotTransfer(reader: CborReader, tag: number): SnapshotTransfer {
  const name = readName(reader);
  switch (tag) {
    case snapshotTags.request: {
      const offset = reader.uint("offset", maxSnapshotBytes);
      const length = reader.uint("length", maxChunkBytes);
      if (length === 0) refuse("a request for nothing");
      return { type: "snapshot-request", ...name, offset, length };
    }
    case snapshotTags.chunk: {
      const offset = reader.uint("offset", maxSnapshotBytes);
      const checksum = reader.uint("checksum", maxUint32);
      const bytes = reader.bytes("chunk", maxChunkBytes);
      if (bytes.length === 0) refuse("a chunk of nothing");
      return { type: "snapshot-chunk", ...name, offset, checksum, bytes };
    }
    default:
      return { type: "snapshot-refusal", ...name, reason: reader.boolean("busy") ? "busy" : "absent" };
  }
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `peer message: ${what}`);
}

function writeName(writer: CborWriter, { last, hash }: SnapshotName): void {
  writer.number(last.index);
  writer.number(last.term);
  writer.bytes(Buffer.from(hash, "hex"));
}

function readName(reader: CborReader): SnapshotName {
  const last = { index: reader.uint("index"), term: reader.uint("term") };
  const hash = reader.bytes("hash", hashBytes);
  if (hash.length !== hashBytes) refuse("no hash of a snapshot");
  return { last, hash: Buffer.from(hash).toString("hex") };
}

function readConfiguration(reader: CborReader, last: LogId): SnapshotHead["configuration"] {
  reader.array("configuration", 2, 2);
  const index = reader.uint("index", last.index);
  return decodeConfiguration(reader.bytes("configuration", maxConfigBytes), index);
}
