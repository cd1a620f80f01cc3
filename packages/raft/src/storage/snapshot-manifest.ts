import { readArray, readBoolean, readBytes, readUint } from "@flotilla/runtime";
import { decodeConfiguration, encodeConfiguration } from "../core/config/config-codec.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { LogId } from "../core/types.ts";
import { readSealed, seal, unseal } from "./sealed.ts";

/** What a snapshot stands for and how to tell that it is whole. */
export interface SnapshotMeta {
  /** The last entry the state contains. */
  readonly last: LogId;
  /** `timeMs` of that entry. */
  readonly timeMs: number;
  /** In force at that entry. */
  readonly configuration: Configuration;
  readonly totalBytes: number;
  /** CRC-32 of all bytes. */
  readonly checksum: number;
  /** Newest durable batch of the log when the snapshot was finished. */
  readonly seq: number;
  /** Received from a leader, so the log may not reach it yet; otherwise taken from the own log. */
  readonly installed: boolean;
}

const folder = "snapshots";
const maxConfigBytes = 1 << 16;
const manifestPattern = /^(\d{1,16})-(\d{1,16})\.manifest$/;

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

export function encodeManifest(meta: SnapshotMeta): Uint8Array {
  const { last, timeMs, configuration, totalBytes, checksum, seq, installed } = meta;
  return seal(
    [timeMs, configuration.index, encodeConfiguration(configuration), totalBytes, checksum, seq, installed],
    snapshotFiles(last).manifest,
  );
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
export function decodeManifest(bytes: Uint8Array, last: LogId): SnapshotMeta {
  const what = `the manifest of snapshot ${last.index}-${last.term}`;
  const value = unseal(bytes, snapshotFiles(last).manifest, what);
  return readSealed(what, () => {
    const [timeMs, configIndex, configuration, totalBytes, checksum, seq, installed] = readArray(
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
      checksum: readUint(checksum, "checksum", 0xffff_ffff),
      seq: readUint(seq, "seq"),
      installed: readBoolean(installed, "installed"),
    };
  });
}
