import type { Node } from "@flotilla/kv";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Recipe nodes hold small JSON objects; anything else in them reads as null. */
export function readRecord(node: Node | null): Readonly<Record<string, unknown>> | null {
  if (node === null) return null;
  try {
    const value: unknown = JSON.parse(decoder.decode(node.value));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text at a key, or the fallback. */
export function textAt(record: Readonly<Record<string, unknown>>, key: string, fallback: string): string {
  const value = record[key];
  return typeof value === "string" ? value : fallback;
}

/** The finite number at a key, or the fallback. */
export function numberAt(record: Readonly<Record<string, unknown>>, key: string, fallback: number): number {
  const value = record[key];
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}

/** Whether something is texts by name, such as metadata. */
export function isTextsByName(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

/** The texts by name at a key; empty when there are none, and with an empty text for what is none. */
export function textsByNameAt(
  record: Readonly<Record<string, unknown>>,
  key: string,
): Readonly<Record<string, string>> {
  const texts = record[key];
  if (!isRecord(texts)) return {};
  return Object.fromEntries(Object.keys(texts).map((name) => [name, textAt(texts, name, "")]));
}
