import type { Node } from "@flotilla/kv";
import type { Session } from "../client/api.ts";
import type { ReadOptions } from "../client/read-api.ts";
import { type Children, nodesAtOnce, readChildren } from "./children.ts";
import { isSegment } from "./names.ts";
import type { Calls } from "./patient.ts";
import { isRecord, numberAt, readRecord, textAt } from "./record.ts";
import type { Successor } from "./successors.ts";

/** Someone in line: an ephemeral node, ordered by priority, then by creation. */
export interface Waiter {
  /** Name of its node. */
  readonly name: string;
  /** What people call it. */
  readonly id: string;
  readonly value: string;
  readonly priority: number;
  /** How many places it takes. */
  readonly permits: number;
  /** Of how many, as it sees it. */
  readonly places: number;
  readonly czxid: number;
  /** Wall time of the last grant, ms since the epoch. */
  readonly mtimeMs: number;
  /** The epoch, once granted. */
  readonly mzxid: number;
  /** Whether its node says that it is granted. */
  readonly isGranted: boolean;
}

/** Someone who was granted, as the record says; whether it still lives is told by its waiter node. */
export interface Grantee {
  readonly name: string;
  readonly id: string;
  readonly value: string;
}

/** The record. */
export interface Grant {
  /** In the order they were granted; nobody when the record cannot be read. */
  readonly holders: readonly Grantee[];
  /** How many permits there are in all. */
  readonly places: number;
  readonly mzxid: number;
}

/** A name's whole state at about one moment. */
export interface Line {
  readonly grant: Grant | null;
  /** Those that hold and live, in the order they were granted. */
  readonly holders: readonly Waiter[];
  /** The others, in line order. */
  readonly waiting: readonly Waiter[];
  /** How many nodes stand there, with those that are nobody. */
  readonly size: number;
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

/** What somebody in line says of itself. */
export type Standing = Pick<Waiter, "id" | "value" | "priority" | "permits" | "places">;

/** What a waiter's node holds. */
export function waiterRecord({ id, value, priority, permits, places }: Standing): string {
  return JSON.stringify({ id, value, priority, permits, places });
}

/** What it holds once granted: somebody else's write to it is no grant. */
export function grantedRecord(standing: Standing, next: readonly Successor[]): string {
  const { id, value, priority, permits, places } = standing;
  const named = next.length === 0 ? {} : { next };
  return JSON.stringify({ id, value, priority, permits, places, granted: true, ...named });
}

/** Whether a waiter's node says that it is granted. */
export function isGranted(node: Node | null): node is Node {
  return readRecord(node)?.["granted"] === true;
}

/** What the grant record holds. */
export function grantRecord(holders: readonly Grantee[], places: number): string {
  return JSON.stringify({
    holders: holders.map(({ name, id, value }) => ({ name, id, value })),
    permits: places,
  });
}

/** Higher priority first, then first come, first served. */
function inLineOrder(a: Waiter, b: Waiter): number {
  return b.priority - a.priority || a.czxid - b.czxid || (a.name < b.name ? -1 : 1);
}

/** Those who hold, also who was granted after the record was read. */
export function allHolders({ holders, waiting }: Line): readonly Waiter[] {
  return [...holders, ...waiting.filter(({ isGranted: isHolder }) => isHolder)];
}

type Reads = Pick<Session, "childNodes" | "get">;

/** Null when there is no record. */
async function readGrant(calls: Reads, paths: LinePaths, options: ReadOptions = {}): Promise<Grant | null> {
  const node = await calls.get(paths.grant, options);
  if (node === null) return null;
  const record = readRecord(node) ?? {};
  const named = Array.isArray(record["holders"]) ? record["holders"].filter(isRecord) : [];
  const holders = named.map((holder) => ({
    name: textAt(holder, "name", ""),
    id: textAt(holder, "id", ""),
    value: textAt(holder, "value", ""),
  }));
  return {
    holders: holders.filter(({ name }) => isSegment(name)),
    places: numberAt(record, "permits", 1),
    mzxid: node.stat.mzxid,
  };
}

/** Null when there is none: what is not ephemeral stands in no line. */
function waiterIn(name: string, node: Node | null): Waiter | null {
  if (node === null || node.stat.ephemeralOwner === null) return null;
  const record = readRecord(node) ?? {};
  return {
    name,
    isGranted: record["granted"] === true,
    id: textAt(record, "id", name),
    value: textAt(record, "value", ""),
    priority: numberAt(record, "priority", 0),
    permits: numberAt(record, "permits", 1),
    places: numberAt(record, "places", 1),
    czxid: node.stat.czxid,
    mtimeMs: node.stat.mtimeMs,
    mzxid: node.stat.mzxid,
  };
}

/**
 * The one that holds, with what the record says of it; null when vacant. Of a name with one place. As of some moment
 * between call and answer, by three reads at most, however fast it changes hands.
 */
export async function readHolder(
  calls: Reads & Pick<Session, "watch">,
  paths: LinePaths,
  options: ReadOptions = {},
): Promise<{ readonly grantee: Grantee; readonly holder: Waiter } | null> {
  const grantee = (await readGrant(calls, paths, options))?.holders[0];
  if (grantee === undefined) return null;
  const { name } = grantee;
  const holder = waiterIn(name, await calls.get(waiterPath(paths, name), options));
  if (holder !== null) return { grantee, holder };
  // It is gone, or handed over between the two reads. Whoever else is granted by now was granted since the first.
  for (const { name: other, node } of await nodesAtOnce(calls, paths.line, options)) {
    const heir = isGranted(node) ? waiterIn(other, node) : null;
    // What it has proclaimed since is read when that is told.
    if (heir !== null) return { grantee: heir, holder: heir };
  }
  return null;
}

/**
 * Reads record and line. The reads are not one moment, and the line is never the older: every grant made on them is a
 * compare-and-set on the record's mzxid. So they may also be of what the server at hand has.
 */
export async function readLine(calls: Reads, paths: LinePaths, options: ReadOptions = {}): Promise<Line> {
  const grant = await readGrant(calls, paths, options);
  return lineOf(grant, await readChildren(calls, paths.line, options));
}

/**
 * The same of what the server at hand has: never older than a watch that it armed, or a write of this session. Both reads
 * are under way at once, since local reads of a session are answered in the order they were called.
 */
export function readLineAtHand(calls: Pick<Calls, "together">, paths: LinePaths): Promise<Line> {
  return calls.together(async (session, bounds) => {
    const options = { ...bounds, level: "local" } as const;
    const [grant, children] = await Promise.all([
      readGrant(session, paths, options),
      readChildren(session, paths.line, options),
    ]);
    return lineOf(grant, children);
  });
}

function lineOf(grant: Grant | null, { nodes, count }: Children): Line {
  const standing = new Map<string, Waiter>();
  for (const { name, node } of nodes) {
    const waiter = waiterIn(name, node);
    if (waiter !== null) standing.set(name, waiter);
  }
  const holders = (grant?.holders ?? []).flatMap(({ name }) => standing.get(name) ?? []);
  for (const { name } of holders) standing.delete(name);
  return { grant, holders, waiting: [...standing.values()].toSorted(inLineOrder), size: count };
}
