import type { ReadOptions } from "../client/api.ts";
import { readNames } from "./children.ts";
import { isSegment } from "./names.ts";
import type { Calls } from "./patient.ts";
import { isRecord, numberAt, readRecord, textAt } from "./record.ts";

/** Someone in line: an ephemeral node, ordered by priority, then by creation. */
export interface Waiter {
  /** Name of its node. */
  readonly name: string;
  /** What people call it. */
  readonly id: string;
  readonly value: string;
  readonly priority: number;
  readonly czxid: number;
  /** Wall time of the last grant, ms since the epoch. */
  readonly mtimeMs: number;
  /** The epoch, once granted. */
  readonly mzxid: number;
}

/** Who was granted, as the record says; whether it still lives is told by its waiter node. */
export interface Grant {
  /** Null when the record cannot be read: then it names nobody. */
  readonly holder: string | null;
  readonly id: string;
  readonly value: string;
  readonly mzxid: number;
}

/** A name's whole state at about one moment. */
export interface Line {
  readonly grant: Grant | null;
  /** In line order, the holder included. */
  readonly waiters: readonly Waiter[];
  /** The waiter that holds; null when vacant. */
  readonly holder: Waiter | null;
}

/** The nodes of one name. */
export interface LinePaths {
  readonly base: string;
  readonly line: string;
  readonly grant: string;
}

export function linePaths(kind: string, name: string): LinePaths {
  const base = `/${kind}/${name}`;
  return { base, line: `${base}/line`, grant: `${base}/grant` };
}

export function waiterPath(paths: LinePaths, name: string): string {
  return `${paths.line}/${name}`;
}

/** What a waiter's node holds. */
export function waiterRecord(waiter: {
  readonly id: string;
  readonly value: string;
  readonly priority: number;
}): string {
  return JSON.stringify({ id: waiter.id, value: waiter.value, priority: waiter.priority });
}

/** What the grant record holds. */
export function grantRecord(holder: {
  readonly name: string;
  readonly id: string;
  readonly value: string;
}): string {
  return JSON.stringify({ holders: [{ name: holder.name, id: holder.id, value: holder.value }], permits: 1 });
}

/** Higher priority first, then first come, first served. */
function inLineOrder(a: Waiter, b: Waiter): number {
  return b.priority - a.priority || a.czxid - b.czxid || (a.name < b.name ? -1 : 1);
}

type Reads = Pick<Calls, "children" | "get">;

/** Null when there is no record. */
async function readGrant(calls: Reads, paths: LinePaths, options: ReadOptions = {}): Promise<Grant | null> {
  const node = await calls.get(paths.grant, options);
  if (node === null) return null;
  const holders = readRecord(node)?.["holders"];
  const first: unknown = Array.isArray(holders) ? holders[0] : undefined;
  const holder = isRecord(first) ? first : {};
  const name = textAt(holder, "name", "");
  return {
    holder: isSegment(name) ? name : null,
    id: textAt(holder, "id", ""),
    value: textAt(holder, "value", ""),
    mzxid: node.stat.mzxid,
  };
}

/** Null when there is none: what is not ephemeral stands in no line. */
async function readWaiter(
  calls: Reads,
  paths: LinePaths,
  name: string,
  options: ReadOptions,
): Promise<Waiter | null> {
  const node = await calls.get(waiterPath(paths, name), options);
  if (node === null || node.stat.ephemeralOwner === null) return null;
  const record = readRecord(node) ?? {};
  return {
    name,
    id: textAt(record, "id", name),
    value: textAt(record, "value", ""),
    priority: numberAt(record, "priority", 0),
    czxid: node.stat.czxid,
    mtimeMs: node.stat.mtimeMs,
    mzxid: node.stat.mzxid,
  };
}

/** The grant that stands and its holder; null when vacant. */
export async function readHolder(
  calls: Reads,
  paths: LinePaths,
  options: ReadOptions = {},
): Promise<{ readonly grant: Grant; readonly holder: Waiter } | null> {
  let grant = await readGrant(calls, paths, options);
  while (grant !== null && grant.holder !== null) {
    const holder = await readWaiter(calls, paths, grant.holder, options);
    if (holder !== null) return { grant, holder };
    // Gone, or it handed over between the two reads.
    const again = await readGrant(calls, paths, options);
    if (again?.mzxid === grant.mzxid) return null;
    grant = again;
  }
  return null;
}

/**
 * Reads record and line. The reads are not one moment: every grant made on them is a compare-and-set on
 * the record's mzxid.
 */
export async function readLine(calls: Reads, paths: LinePaths, options: ReadOptions = {}): Promise<Line> {
  const grant = await readGrant(calls, paths, options);
  const names = await readNames(calls, paths.line, options);
  const found = await Promise.all(names.map((name) => readWaiter(calls, paths, name, options)));
  const waiters = found.filter((waiter) => waiter !== null).toSorted(inLineOrder);
  const holder = waiters.find((waiter) => waiter.name === grant?.holder) ?? null;
  return { grant, waiters, holder };
}
