import fc from "fast-check";
import type { OpResult } from "../src/types.ts";
import { refuse } from "./golden-refusal.ts";

const highest = 2n ** 53n - 1n;

function isSafe(value: bigint): boolean {
  return value <= highest && value >= -highest;
}

/** The sum of what a node holds and a number; nothing holds 0. */
export function sumOf(found: readonly number[] | undefined, by: number): number {
  const text = found === undefined ? "0" : String.fromCharCode(...found);
  const held = /^-?\d+$/.test(text) ? BigInt(text) : null;
  if (held === null || held.toString() !== text || !isSafe(held)) return refuse("ERR_FLOTILLA_BAD_VALUE");
  const sum = held + BigInt(by);
  return isSafe(sum) ? Number(sum) : refuse("ERR_FLOTILLA_LIMIT");
}

/** What became of the node, and the sum. */
export function withSum(result: OpResult, sum: number): OpResult {
  return result.ok ? { ...result, sum } : result;
}

const texts = ["0", "7", "-3", "9007199254740990", "-9007199254740991", "9007199254740992", "-0", "08"];

/** Values of nodes, some of which are numbers, or nearly. */
export const values: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom(...texts).map((text) => new TextEncoder().encode(text)),
);
/** What is added. */
export const summands: fc.Arbitrary<number> = fc.constantFrom(
  1,
  1,
  1,
  0,
  -1,
  1_000,
  2 ** 53 - 1,
  1 - 2 ** 53,
);
