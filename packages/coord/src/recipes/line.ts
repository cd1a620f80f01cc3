import type { CallOptions, ReadOptions, Session } from "../client/api.ts";
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
  readonly holder: string;
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
export function inLineOrder(a: Waiter, b: Waiter): number {
  return b.priority - a.priority || a.czxid - b.czxid || (a.name < b.name ? -1 : 1);
}

export async function readGrant(
  session: Session,
  paths: LinePaths,
  options: ReadOptions,
): Promise<Grant | null> {
  const node = await session.get(paths.grant, options);
  const record = readRecord(node);
  const holders = record?.["holders"];
  const first: unknown = Array.isArray(holders) ? holders[0] : undefined;
  if (node === null || !isRecord(first)) return null;
  return {
    holder: textAt(first, "name", ""),
    id: textAt(first, "id", ""),
    value: textAt(first, "value", ""),
    mzxid: node.stat.mzxid,
  };
}

export async function readWaiter(
  session: Session,
  paths: LinePaths,
  name: string,
  options: ReadOptions,
): Promise<Waiter | null> {
  const node = await session.get(waiterPath(paths, name), options);
  if (node === null) return null;
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

/**
 * Reads record and line. The reads are not one moment: every grant made on them is a compare-and-set on
 * the record's mzxid.
 */
export async function readLine(session: Session, paths: LinePaths, options: CallOptions): Promise<Line> {
  const grant = await readGrant(session, paths, options);
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await session.children(paths.line, {
      ...options,
      ...(after === undefined ? {} : { after }),
    });
    names.push(...(page?.names ?? []));
    if (page?.next === null || page === null) break;
    after = page.next;
  }
  const found = await Promise.all(names.map((name) => readWaiter(session, paths, name, options)));
  const waiters = found.filter((waiter) => waiter !== null).toSorted(inLineOrder);
  const holder = waiters.find((waiter) => waiter.name === grant?.holder) ?? null;
  return { grant, waiters, holder };
}
