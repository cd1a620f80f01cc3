const encoder = new TextEncoder();
/** A sign and the digits of 2^53 - 1. */
const maxBytes = 17;
const pattern = /^(?:0|-?[1-9][0-9]*)$/;

/** A safe integer as decimal text. {@link readDecimal} is its inverse. */
export function writeDecimal(value: number): Uint8Array {
  return encoder.encode(String(value));
}

/** The safe integer that bytes are the one decimal text of; null for anything else. */
export function readDecimal(bytes: Uint8Array): number | null {
  if (bytes.length > maxBytes) return null;
  const text = String.fromCharCode(...bytes);
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}
