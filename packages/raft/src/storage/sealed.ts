import { crc32 } from "node:zlib";
import { decode, encode, FlotillaError } from "@flotilla/runtime";

const crcBytes = 4;

/** What went wrong with bytes that this node wrote itself. */
export function damaged(message: string, cause?: unknown): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DAMAGED", message, cause === undefined ? {} : { cause });
}

/**
 * Encodes `value` behind a checksum. `context` (a key, a file name) is part of the checksum, so that
 * sealed bytes found in another place are refused.
 */
export function seal(value: unknown, context: Uint8Array | string): Uint8Array {
  return sealBytes(encode(value), context);
}

/** The same for a value that is encoded already. `body` is copied. */
export function sealBytes(body: Uint8Array, context: Uint8Array | string): Uint8Array {
  const sealed = new Uint8Array(crcBytes + body.length);
  const checksum = crc32(body, crc32(context));
  for (let at = 0; at < crcBytes; at += 1) sealed[at] = checksum >>> (24 - 8 * at);
  sealed.set(body, crcBytes);
  return sealed;
}

/**
 * Opens what `seal` made. The result is still of unknown shape.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` naming `what`
 */
export function unseal(sealed: Uint8Array, context: Uint8Array | string, what: string): unknown {
  if (sealed.length <= crcBytes) throw damaged(`${what} is too short`);
  const body = sealed.subarray(crcBytes);
  const stored = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength).getUint32(0);
  if (crc32(body, crc32(context)) !== stored) throw damaged(`${what} does not match its checksum`);
  return readSealed(what, () => decode(body));
}

/**
 * Runs `read` over bytes whose checksum held; a shape that does not fit is damage.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` naming `what`
 */
export function readSealed<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (FlotillaError.is(cause) && cause.code !== "ERR_FLOTILLA_BAD_FRAME") throw cause;
    throw damaged(`${what} does not have the expected shape`, cause);
  }
}
