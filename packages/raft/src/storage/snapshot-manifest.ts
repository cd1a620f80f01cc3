import { FlotillaError, readArray, readBoolean, readBytes, readString, readUint } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import { decodeConfiguration, encodeConfiguration } from "../core/config/config-codec.ts";
import type { SnapshotHead } from "../core/snapshot-head.ts";
import type { LogId } from "../core/types.ts";
import { damaged, readSealed, seal, unseal } from "./sealed.ts";

/** A snapshot as it lies on the disk. */
export interface SnapshotMeta extends SnapshotHead {
  /** Newest durable batch of the log when the snapshot was finished. */
  readonly seq: number;
  /** Received from a peer, so the log may not reach it yet; otherwise taken from the own log. */
  readonly installed: boolean;
}

const folder = "snapshots";
const maxConfigBytes = 1 << 16;
const manifestPattern = /^(\d{1,16})-(\d{1,16})\.manifest$/;
const hashPattern = /^[0-9a-f]{64}$/;
const hashChars = 64;

/** File names of the snapshot at `last`. */
export function snapshotFiles(last: LogId): {
  readonly data: string;
  readonly manifest: string;
  readonly part: string;
} {
  const stem = `${folder}/${last.index}-${last.term}`;
  return { data: `${stem}.data`, manifest: `${stem}.manifest`, part: `${stem}.part` };
}

export const snapshotFolder: string = folder;

/** The entry a manifest's file name stands for; null for any other name. */
export function manifestTarget(name: string): LogId | null {
  const match = manifestPattern.exec(name);
  return match === null ? null : { index: Number(match[1]), term: Number(match[2]) };
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` unless it is a SHA-256 as hex */
export function readHash(value: unknown): string {
  const hash = readString(value, "hash", hashChars);
  if (!hashPattern.test(hash)) throw damaged("a hash is not 32 bytes of hex");
  return hash;
}

export function encodeManifest(meta: SnapshotMeta): Uint8Array {
  const { last, timeMs, configuration, totalBytes, hash, seq, installed } = meta;
  return seal(
    [timeMs, configuration.index, encodeConfiguration(configuration), totalBytes, hash, seq, installed],
    snapshotFiles(last).manifest,
  );
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
function decodeManifest(bytes: Uint8Array, last: LogId): SnapshotMeta {
  const what = `the manifest of snapshot ${last.index}-${last.term}`;
  const value = unseal(bytes, snapshotFiles(last).manifest, what);
  return readSealed(what, () => {
    const [timeMs, configIndex, configuration, totalBytes, hash, seq, installed] = readArray(
      value,
      "manifest",
      7,
      7,
    );
    return {
      last,
      timeMs: readUint(timeMs, "time"),
      configuration: decodeConfiguration(
        Uint8Array.from(readBytes(configuration, "configuration", maxConfigBytes)),
        readUint(configIndex, "configuration index", last.index),
      ),
      totalBytes: readUint(totalBytes, "size"),
      hash: readHash(hash),
      seq: readUint(seq, "seq"),
      installed: readBoolean(installed, "installed"),
    };
  });
}

/** The manifest of the snapshot at `last`; null when it is missing or broken. */
export async function readManifest(files: Files, last: LogId): Promise<SnapshotMeta | null> {
  const bytes = await files.read(snapshotFiles(last).manifest);
  if (bytes === undefined) return null;
  try {
    return decodeManifest(bytes, last);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) return null;
    throw error;
  }
}
