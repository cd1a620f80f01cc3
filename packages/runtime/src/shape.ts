import { FlotillaError } from "./errors.ts";

function refuse(what: string, expected: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `${what}: expected ${expected}`);
}

const encoder = new TextEncoder();

/** True when the text takes at most `maxBytes` of UTF-8; encodes only when the length alone cannot tell. */
function fits(text: string, maxBytes: number): boolean {
  if (text.length * 3 <= maxBytes) return true;
  if (text.length > maxBytes) return false;
  return encoder.encode(text).length <= maxBytes;
}

/**
 * An array of `minLength` to `maxLength` items (both included).
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readArray(
  value: unknown,
  what: string,
  minLength: number,
  maxLength: number,
): readonly unknown[] {
  if (!Array.isArray(value)) refuse(what, "an array");
  const items: readonly unknown[] = value;
  if (items.length < minLength || items.length > maxLength) {
    refuse(what, minLength === maxLength ? `${minLength} items` : `${minLength} to ${maxLength} items`);
  }
  return items;
}

/**
 * A text of at most `maxBytes` of UTF-8.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readString(value: unknown, what: string, maxBytes: number): string {
  if (typeof value !== "string") refuse(what, "a text");
  if (!fits(value, maxBytes)) refuse(what, `at most ${maxBytes} bytes`);
  return value;
}

/**
 * A byte string of at most `maxBytes`. It aliases the decoded frame: copy a small one before keeping it.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readBytes(value: unknown, what: string, maxBytes: number): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse(what, "a byte string");
  if (value.length > maxBytes) refuse(what, `at most ${maxBytes} bytes`);
  return value;
}

/**
 * An integer from 0 to `max` (included; default 2^53 - 1).
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readUint(value: unknown, what: string, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    refuse(what, "an integer of at least 0");
  }
  if (value > max) refuse(what, `at most ${max}`);
  return value;
}

/**
 * A safe integer, of either sign.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readInt(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || Object.is(value, -0))
    refuse(what, "an integer");
  return value;
}

/**
 * `true` or `false`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readBoolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") refuse(what, "true or false");
  return value;
}

/**
 * One of the texts given.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readOneOf<const T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  for (const choice of choices) if (value === choice) return choice;
  return refuse(what, `one of ${choices.join(", ")}`);
}

/** A text as `readString`, or undefined when the item is absent, `null` or `undefined`. */
export function readOptionalString(value: unknown, what: string, maxBytes: number): string | undefined {
  return value === undefined || value === null ? undefined : readString(value, what, maxBytes);
}

/** An integer as `readUint`, or undefined when the item is absent, `null` or `undefined`. */
export function readOptionalUint(
  value: unknown,
  what: string,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return value === undefined || value === null ? undefined : readUint(value, what, max);
}

/** A boolean as `readBoolean`, or undefined when the item is absent, `null` or `undefined`. */
export function readOptionalBoolean(value: unknown, what: string): boolean | undefined {
  return value === undefined || value === null ? undefined : readBoolean(value, what);
}

/**
 * An array of at most `maxLength` items, each read by `readItem`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` naming `what`
 */
export function readList<T>(
  value: unknown,
  what: string,
  maxLength: number,
  readItem: (item: unknown, what: string) => T,
): T[] {
  const items = readArray(value, what, 0, maxLength);
  const result: T[] = [];
  for (const item of items) result.push(readItem(item, what));
  return result;
}
