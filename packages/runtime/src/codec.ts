import { Encoder } from "cbor-x/index-no-eval";
import { findMalformed } from "./cbor-check.ts";
import { FlotillaError } from "./errors.ts";

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

/** The same bytes as a plain view: `Buffer` differs in `slice`, and the codec leaves a property on what it reads. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Plain CBOR (RFC 8949) of null, undefined, booleans, numbers, texts, byte strings, arrays and plain
 * objects; anything else would not decode again. Negative zero becomes zero. The result is not reused and may be kept.
 */
export function encode(value: unknown): Uint8Array {
  return plainView(encoder.encode(value));
}

/**
 * Decodes exactly one item of plain CBOR from an untrusted source. The result is still `unknown`: check
 * its shape before use (`readArray` and its kin). Byte strings in it alias `bytes`: copy a small one
 * before keeping it.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decode(bytes: Uint8Array): unknown {
  const problem = findMalformed(bytes);
  if (problem !== undefined)
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `the bytes are not plain CBOR: ${problem}`);
  try {
    return encoder.decode(plainView(bytes)) as unknown;
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "the bytes are not valid CBOR", { cause });
  }
}
