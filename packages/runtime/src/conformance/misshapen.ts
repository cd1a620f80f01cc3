import { encode } from "../codec.ts";

/**
 * What a strict decoder of positional arrays must refuse: the value with one array, at any depth, an item too long,
 * or with one item of a kind that no message has.
 */
export function* misshapen(value: unknown): Generator {
  yield { unexpected: value };
  if (!Array.isArray(value)) return;
  const items: readonly unknown[] = value;
  yield [...items, null];
  for (const [k, item] of items.entries()) {
    for (const wrong of misshapen(item)) yield [...items.slice(0, k), wrong, ...items.slice(k + 1)];
  }
}

/** The value in bytes that are no CBOR: the head of one array, at any depth, tells one item too many or too few. */
export function* miscounted(value: unknown): Generator<Uint8Array> {
  if (!Array.isArray(value)) return;
  const parts = value.map((item) => encode(item));
  yield Buffer.concat([head(parts.length + 1), ...parts]);
  if (parts.length > 0) yield Buffer.concat([head(parts.length - 1), ...parts]);
  for (const [k, item] of value.entries()) {
    for (const wrong of miscounted(item))
      yield Buffer.concat([head(parts.length), ...parts.slice(0, k), wrong, ...parts.slice(k + 1)]);
  }
}

function head(length: number): Uint8Array {
  return Uint8Array.of(0x99, length >> 8, length);
}
