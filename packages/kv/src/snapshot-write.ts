import { CborWriter } from "@flotilla/runtime";
import { openAccess } from "./access.ts";
import { bytesOfAcl } from "./acl.ts";
import { writeAcl } from "./acl-codec.ts";
import { writeBudget } from "./budget-codec.ts";
import type { BudgetRecord } from "./budget-table.ts";
import type { FrozenNodes } from "./frozen-nodes.ts";
import type { FrozenSessions, Session } from "./session-table.ts";
import { frameHeader, frameKind, magic, snapshotFormat } from "./snapshot-format.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import { Slicer } from "./slicer.ts";
import type { SortedMap } from "./sorted-map.ts";
import { newLook } from "./tree-node.ts";
import type { TreeNode } from "./tree-node.ts";
import type { LeaseInfo } from "./types.ts";

/** The state at one moment. */
export interface FrozenState extends FrozenSessions {
  readonly header: SnapshotHeader;
  readonly budgets: SortedMap<BudgetRecord>;
  readonly nodes: FrozenNodes;
}

const writer = new CborWriter();
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

function writeLease(lease: LeaseInfo): void {
  writer.array(4);
  writer.text(lease.id);
  writer.text(lease.session);
  writer.number(lease.ttlMs);
  writer.boolean(lease.doomed);
}

/** About what a node takes up. A list may be longer than a frame. */
function sizeOfNode({ path, length, access }: TreeNode): number {
  const list = access === openAccess ? 0 : bytesOfAcl(access.acl);
  return itemOverheadBytes + path.length + length + list;
}

function writeNode(node: TreeNode): void {
  const { access } = node;
  writer.array(access === openAccess ? 13 : 15);
  writer.text(node.path);
  writer.byteString(node.length);
  writer.appendPart(node.chunk.bytes, node.at, node.length);
  node.writeMarks(writer);
  writer.number(node.version);
  writer.number(node.created);
  writer.number(node.numChildren);
  if (node.owner === null) writer.null();
  else writer.text(node.owner);
  writer.boolean(node.guarded);
  writer.number(node.lifetime);
  if (access === openAccess) return;
  writeAcl(writer, access.acl);
  writer.number(access.aversion);
}

function writeBudgetRecord({ path, budget, second, writes }: BudgetRecord): void {
  writer.array(4);
  writer.text(path);
  writeBudget(writer, budget);
  writer.number(second);
  writer.number(writes);
}

function writeHeader(header: SnapshotHeader): void {
  const { token, graceMs, featureLevel, applied, index, digest } = header;
  const { budgets, nodes, leases, sessions } = header;
  writer.array(11);
  writer.number(featureLevel);
  writer.number(graceMs);
  for (const count of [token.revision, token.ordinal, applied, index, budgets, nodes, leases, sessions])
    writer.number(count);
  writer.text(digest);
}

function writeSession({ id, secretHash, ttlMs, attach, window }: Session): void {
  writer.array(6);
  writer.text(id);
  writer.bytes(Buffer.from(secretHash, "latin1"));
  for (const count of [ttlMs, attach, window.acked, window.lastSeq]) writer.number(count);
}

function beginFrame(kind: number): void {
  writer.begin();
  writer.array(2);
  writer.number(kind);
}

/** The payload of a frame; good until another one is made, of this or another snapshot. */
function frame(kind: number, writeBody: () => void): Uint8Array {
  beginFrame(kind);
  writeBody();
  return writer.lend();
}

/** Joins records into the payloads of frames of about 64 KiB. Between taking an item and writing it, nothing is yielded. */
function* batched<V>(
  kind: number,
  items: Iterable<V>,
  write: (item: V) => void,
  sizeOf: (item: V) => number,
): Generator<Uint8Array> {
  let batch: V[] = [];
  let bytes = 0;
  const writeBatch = (): void => {
    writer.array(batch.length);
    for (const item of batch) write(item);
  };
  for (const item of items) {
    batch.push(item);
    bytes += itemOverheadBytes + sizeOf(item);
    if (bytes < frameBytes) continue;
    yield frame(kind, writeBatch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield frame(kind, writeBatch);
}

function* resultsOf(session: Session): Generator<Uint8Array> {
  for (let seq = session.window.acked + 1; seq <= session.window.lastSeq; seq += 1) {
    const kept = session.window.get(seq);
    if (kept !== undefined) yield kept.bytes;
  }
}

/** Writes the nodes of one frame from a path on; the path that the next frame begins with, null behind the last. */
function writeNodes(nodes: FrozenNodes, from: string, look: TreeNode): string | null {
  let next: string | null = null;
  let bytes = 0;
  let count = 0;
  const start = writer.beginArray();
  nodes.slots.scan(from, (path, slot) => {
    if (bytes >= frameBytes) {
      next = path;
      return false;
    }
    nodes.look(slot, look);
    writeNode(look);
    count += 1;
    bytes += sizeOfNode(look);
    return true;
  });
  writer.endArray(start, count);
  return next;
}

/** As `batched`, without a step of an iterator or a look of its own for each of very many. */
function* nodeFrames(nodes: FrozenNodes): Generator<Uint8Array> {
  const look = newLook();
  for (let from: string | null = ""; from !== null;) {
    beginFrame(frameKind.nodes);
    from = writeNodes(nodes, from, look);
    yield writer.lend();
  }
}

function* frames(state: FrozenState): Generator<Uint8Array> {
  yield frame(frameKind.header, () => writeHeader(state.header));
  yield* batched(frameKind.budgets, valuesOf(state.budgets), writeBudgetRecord, ({ path }) => path.length);
  yield* nodeFrames(state.nodes);
  yield* batched(frameKind.leases, valuesOf(state.leases), writeLease, () => 0);
  for (const session of valuesOf(state.sessions)) {
    yield frame(frameKind.session, () => writeSession(session));
    yield* batched(
      frameKind.results,
      resultsOf(session),
      (result) => writer.bytes(result),
      (result) => result.length,
    );
  }
}

/**
 * The bytes of a snapshot in slices of 64 KiB, the last one shorter. Each is good until the next one is asked for, which
 * uses its memory again. Equal states give equal bytes.
 */
export function* lendSnapshot(state: FrozenState): Generator<Uint8Array, undefined> {
  const slicer = new Slicer(sliceBytes);
  slicer.append(magic);
  slicer.append(Uint8Array.of(snapshotFormat));
  for (const payload of frames(state)) {
    slicer.append(frameHeader(payload));
    slicer.append(payload);
    for (let slice = slicer.cut(); slice !== null; slice = slicer.cut()) yield slice;
  }
  const rest = slicer.rest();
  if (rest.length > 0) yield rest;
}

/** As {@link lendSnapshot}; each slice has memory of its own. */
export function* writeSnapshot(state: FrozenState): Generator<Uint8Array, undefined> {
  for (const slice of lendSnapshot(state)) yield slice.slice();
}
