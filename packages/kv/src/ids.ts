import { FlotillaError } from "@flotilla/runtime";

/** Lowercase hex digits of a session or lease id. */
export const idDigits = 32;
const shape = /^[0-9a-f]{32}$/;

/** True for 32 lowercase hex characters. */
function isId(text: string): boolean {
  return shape.test(text);
}

/**
 * A session or lease id.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readId(value: unknown, what: string): string {
  if (typeof value === "string" && isId(value)) return value;
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `${what}: expected 32 lowercase hex characters`);
}
