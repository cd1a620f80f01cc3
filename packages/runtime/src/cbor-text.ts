import { isUtf8 } from "node:buffer";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Latin1Slice = (this: Uint8Array, start: number, end: number) => string;

function isLatin1Slice(value: unknown): value is Latin1Slice {
  return typeof value === "function";
}

/** Not documented, but as old as `Buffer`, and half the price of a `TextDecoder` for 10 to 60 characters. */
const native: unknown = Reflect.get(Buffer.prototype, "latin1Slice");

const asciiSlice: Latin1Slice = isLatin1Slice(native)
  ? native
  : function (start, end) {
      return decoder.decode(this.subarray(start, end));
    };

/** The text that stands at `start` up to `end`; undefined when it is not UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end; at += 1) {
    if ((bytes[at] ?? 0) > 0x7f) return utf8Of(bytes.subarray(start, end));
  }
  return asciiSlice.call(bytes, start, end);
}

function utf8Of(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? decoder.decode(bytes) : undefined;
}

/** True for the code of a digit from 0 to 9 or of a letter from a to f. */
export function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

/** The text that stands at `start` up to `end`; undefined unless it is all lowercase hex digits. */
export function hexOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end; at += 1) {
    if (!isHexDigit(bytes[at] ?? 0)) return undefined;
  }
  return asciiSlice.call(bytes, start, end);
}
