import assert from "node:assert/strict";
import type { ErrorCode } from "../errors.ts";
import { FlotillaError } from "../errors.ts";

/** Fails unless `promise` rejects with a `FlotillaError` of this code. */
export async function rejectsWith(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => error,
  );
  expectCode(outcome, code);
}

/** Fails unless `fn` throws a `FlotillaError` of this code. */
export function throwsWith(fn: () => unknown, code: ErrorCode): void {
  let outcome: unknown = "no error";
  try {
    fn();
  } catch (error) {
    outcome = error;
  }
  expectCode(outcome, code);
}

function expectCode(outcome: unknown, code: ErrorCode): void {
  assert.ok(FlotillaError.is(outcome), `expected ${code}, got ${String(outcome)}`);
  assert.equal(outcome.code, code);
}

/** The text's bytes. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes as text. */
export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}
