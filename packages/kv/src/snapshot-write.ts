import type { FrozenSessions, Session } from "./session-table.ts";
import { encodeFrame, frameKind, magic, snapshotFormat } from "./snapshot-format.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import type { SortedMap } from "./sorted-map.ts";
import type { TreeNode } from "./tree-node.ts";
import type { LeaseInfo } from "./types.ts";
import { bytesAt } from "./values.ts";

/** The state at one moment. */
export interface FrozenState extends FrozenSessions {
  readonly header: SnapshotHeader;
  readonly nodes: SortedMap<TreeNode>;
}

const sliceBytes = 65_536;
const frameBytes = 65_536;
const itemOverheadBytes = 128;
const pageItems = 256;

/** All values in order, read a page at a time. */
function* valuesOf<V>(map: SortedMap<V>): Generator<V> {
  let from: string | null = "";
  while (from !== null) {
    const page: V[] = [];
    let next: string | null = null;
    map.scan(from, (key, value) => {
      if (page.length === pageItems) {
        next = key;
        return false;
      }
      page.push(value);
      return true;
    });
    yield* page;
    from = next;
  }
}

function leaseRecord(lease: LeaseInfo): readonly unknown[] {
  return [lease.id, lease.session, lease.ttlMs];
}

function nodeRecord(node: TreeNode): readonly unknown[] {
  return [
    node.path,
    bytesAt(node),
    node.czxid,
    node.mzxid,
    node.pzxid,
    node.ctimeMs,
    node.mtimeMs,
    node.version,
    node.created,
    node.numChildren,
    node.owner,
    node.guarded,
    node.lifetime,
  ];
}

/** Joins records into frames of about 64 KiB. */
function* batched<V>(
  kind: number,
  items: Iterable<V>,
  toRecord: (item: V) => unknown,
  sizeOf: (item: V) => number,
): Generator<Uint8Array> {
  let batch: unknown[] = [];
  let bytes = 0;
  for (const item of items) {
    batch.push(toRecord(item));
    bytes += itemOverheadBytes + sizeOf(item);
    if (bytes < frameBytes) continue;
    yield encodeFrame(kind, batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield encodeFrame(kind, batch);
}

function* resultsOf(session: Session): Generator<Uint8Array> {
  for (let seq = session.window.acked + 1; seq <= session.window.lastSeq; seq += 1) {
    const kept = session.window.get(seq);
    if (kept !== undefined) yield kept.bytes;
  }
}

function* frames(state: FrozenState): Generator<Uint8Array> {
  const { header } = state;
  const { token, applied, index, nodes, leases, sessions, digest } = header;
  const head = [token.revision, token.ordinal, applied, index, nodes, leases, sessions, digest];
  yield encodeFrame(frameKind.header, head);
  yield* batched(
    frameKind.nodes,
    valuesOf(state.nodes),
    nodeRecord,
    (node) => node.path.length + node.length,
  );
  yield* batched(frameKind.leases, valuesOf(state.leases), leaseRecord, () => 0);
  for (const session of valuesOf(state.sessions)) {
    const { id, secretHash, ttlMs, attach, window } = session;
    yield encodeFrame(frameKind.session, [id, secretHash, ttlMs, attach, window.acked, window.lastSeq]);
    yield* batched(
      frameKind.results,
      resultsOf(session),
      (result) => result,
      (result) => result.length,
    );
  }
}

function* stream(state: FrozenState): Generator<Uint8Array> {
  yield magic;
  yield Uint8Array.of(snapshotFormat);
  yield* frames(state);
}

/** The bytes of a snapshot in slices of 64 KiB, the last one shorter. Equal states give equal bytes. */
export function* writeSnapshot(state: FrozenState): Generator<Uint8Array, undefined> {
  let slice = new Uint8Array(sliceBytes);
  let used = 0;
  for (const part of stream(state)) {
    let taken = 0;
    while (taken < part.length) {
      const count = Math.min(part.length - taken, sliceBytes - used);
      slice.set(part.subarray(taken, taken + count), used);
      used += count;
      taken += count;
      if (used < sliceBytes) continue;
      yield slice;
      slice = new Uint8Array(sliceBytes);
      used = 0;
    }
  }
  if (used > 0) yield slice.slice(0, used);
}
