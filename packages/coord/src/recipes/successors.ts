import type { Node } from "@flotilla/kv";
import { isRecord, numberAt, readRecord, textAt } from "./record.ts";
import { isSegment } from "./names.ts";

/** Whoever stands behind a holder, as the one saw it that granted the place. */
export interface Successor {
  /** Name of its node. */
  readonly name: string;
  readonly id: string;
  readonly value: string;
  /** Of its node, which nothing but a grant changes. */
  readonly mzxid: number;
}

/** Somebody in line, as far as it decides who is a successor. */
interface Waiting extends Successor {
  readonly priority: number;
  readonly permits: number;
  readonly places: number;
}

/** What one grant says of successors, UTF-16 units: a look at the line costs more than so much of an entry. */
const mostLength = 1_024;

/**
 * The first of those waiting, in line order, who can each take the place of one holder: none behind a priority, since
 * whoever joins later may then stand before them.
 */
export function successorsOf(waiting: readonly Waiting[], places: number): readonly Successor[] {
  if (waiting.some(({ priority }) => priority !== 0)) return [];
  const found: Successor[] = [];
  let length = 0;
  for (const waiter of waiting) {
    const { name, id, value, mzxid } = waiter;
    length += name.length + id.length + value.length;
    if (waiter.permits !== places || waiter.places !== places || length > mostLength) return found;
    found.push({ name, id, value, mzxid });
  }
  return found;
}

/** The successors that a granted node names. */
export function successorsIn(node: Node): readonly Successor[] {
  const named = readRecord(node)?.["next"];
  if (!Array.isArray(named)) return [];
  const successors = named.filter(isRecord).map((each) => ({
    name: textAt(each, "name", ""),
    id: textAt(each, "id", ""),
    value: textAt(each, "value", ""),
    mzxid: numberAt(each, "mzxid", -1),
  }));
  return successors.every(({ name, mzxid }) => isSegment(name) && Number.isSafeInteger(mzxid) && mzxid >= 0)
    ? successors
    : [];
}
