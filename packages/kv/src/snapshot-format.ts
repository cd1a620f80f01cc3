import { crc32 } from "node:zlib";
import type { Standing } from "./state.ts";

/** First bytes of a snapshot; the format version follows as one byte. */
export const magic: Uint8Array = new TextEncoder().encode("FLOTKV");
/** Raised when the meaning of a snapshot's bytes changes. */
export const snapshotFormat = 9;
/** Before each frame: its length and its CRC-32, both 32 bits, big endian. */
export const frameHeaderBytes = 8;
/** Bytes of one frame at most. */
export const maxFrameBytes = 16_777_216;

/** The kinds of frames, in the order in which they come. A session's results follow it. */
export const frameKind = { header: 0, budgets: 1, nodes: 2, leases: 3, session: 4, results: 5 } as const;

/** What stands at the start of a snapshot. */
export interface SnapshotHeader extends Standing {
  /** Commands applied. */
  readonly applied: number;
  /** Log index of the last one. */
  readonly index: number;
  readonly budgets: number;
  readonly nodes: number;
  readonly leases: number;
  readonly sessions: number;
  /** Digest of the whole state. */
  readonly digest: string;
}

/** What goes before the payload of a frame. */
export function frameHeader(payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(frameHeaderBytes);
  const view = new DataView(header.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, crc32(payload));
  return header;
}
