import type { SnapshotChunk } from "../../../src/core/message.ts";
import type { Term } from "../../../src/core/types.ts";
import type { StoredSnapshot } from "../../core/member.ts";

/** A snapshot as one chunk. */
export function chunkOf({ last, timeMs, configuration, state }: StoredSnapshot, term: Term): SnapshotChunk {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const whole = { offset: 0, totalBytes: bytes.length, checksum: 0, bytes };
  return { type: "snapshot-chunk", term, last, timeMs, configuration, ...whole };
}

/** The snapshot that a chunk carries. */
export function snapshotIn({ last, timeMs, configuration, bytes }: SnapshotChunk): StoredSnapshot {
  const state = JSON.parse(new TextDecoder().decode(bytes)) as readonly string[];
  return { last, timeMs, configuration, state };
}
