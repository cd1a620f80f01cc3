import { isRecord } from "../record.ts";
import type { ConfigDifference } from "./api.ts";

/** What lies deeper is compared as a whole. */
const maxDepth = 32;

type Place = readonly (string | number)[];

/** Where two values as JSON has them differ. */
export function differences(before: unknown, after: unknown): readonly ConfigDifference[] {
  const found: ConfigDifference[] = [];
  compare(before, after, [], found);
  return found;
}

function compare(before: unknown, after: unknown, path: Place, found: ConfigDifference[]): void {
  if (before === after) return;
  const parts = path.length < maxDepth ? partsOf(before, after) : null;
  if (parts === null) {
    if (JSON.stringify(before) !== JSON.stringify(after))
      found.push({ path, type: "changed", before, after });
    return;
  }
  for (const { key, old, new: now } of parts) {
    const place = [...path, key];
    if (old === undefined) found.push({ path: place, type: "added", before: undefined, after: now });
    else if (now === undefined) found.push({ path: place, type: "removed", before: old, after: undefined });
    else compare(old, now, place, found);
  }
}

interface Part {
  readonly key: string | number;
  /** JSON has no undefined: it is not there. */
  readonly old: unknown;
  readonly new: unknown;
}

/** The parts of two lists, or of two objects, by key; null for anything else. */
function partsOf(before: unknown, after: unknown): readonly Part[] | null {
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, key): Part => ({ key, old: before[key], new: after[key] }));
  }
  if (!isRecord(before) || !isRecord(after)) return null;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.map((key): Part => ({ key, old: own(before, key), new: own(after, key) }));
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
