import { Slab } from "../slab.ts";

const slab = new Slab();

/** The same bytes in memory that nobody else writes to: a world copies so many that each must cost little. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = slab.take(bytes.length);
  copy.set(bytes);
  return copy;
}
