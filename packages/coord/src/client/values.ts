import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Value } from "./api.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The bytes of a value; text as UTF-8.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when it is neither text nor bytes
 */
export function bytes(value: Value): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "a value: expected text or a Uint8Array");
}

/** A node's value, or the bytes given, read as UTF-8. What is not UTF-8 becomes U+FFFD. */
export function text(node: Pick<Node, "value"> | Uint8Array): string {
  return decoder.decode(node instanceof Uint8Array ? node : node.value);
}
