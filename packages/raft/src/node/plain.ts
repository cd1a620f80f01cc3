import type { Entry } from "../core/entry.ts";

/** What JSON can say. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

function isEntry(value: object): value is Entry {
  return "frame" in value && "index" in value && "term" in value;
}

/**
 * Any message or event as plain data: bytes become their length, an entry its index, term and kind, and what is
 * undefined is left out.
 */
export function plainly(value: unknown): Plain {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  // Neither messages nor events hold anything else.
  if (typeof value !== "object") return null;
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (Array.isArray(value)) return value.map(plainly);
  if (isEntry(value)) return { index: value.index, term: value.term, kind: value.kind };
  const plain: Record<string, Plain> = {};
  for (const [name, each] of Object.entries(value)) if (each !== undefined) plain[name] = plainly(each);
  return plain;
}
