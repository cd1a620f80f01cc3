import type { Index } from "../core/types.ts";
import { damaged } from "./sealed.ts";

/** Format version, cluster, node, incarnation and founding members. Written once. */
export const identityKey: Uint8Array = Uint8Array.of(0x00);
/** Term and vote. Written whenever either changes. */
export const hardKey: Uint8Array = Uint8Array.of(0x01);
/** What the log looks like after the newest batch. Written by every batch. */
export const tailKey: Uint8Array = Uint8Array.of(0x02);
/** The configuration in force at the base of the log. Written whenever the base moves. */
export const baseConfigKey: Uint8Array = Uint8Array.of(0x03);

const runPrefix = 0x10;
const runKeyBytes = 9;

/** Bounds of all run keys. */
export const firstRunKey: Uint8Array = Uint8Array.of(runPrefix);
export const endOfRunKeys: Uint8Array = Uint8Array.of(runPrefix + 1);

/** Key of the packed run that begins at `first`: big-endian, so that byte order is index order. */
export function runKey(first: Index): Uint8Array {
  const key = new Uint8Array(runKeyBytes);
  key[0] = runPrefix;
  let rest = first;
  for (let at = runKeyBytes - 1; at > 0; at -= 1) {
    key[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return key;
}

/**
 * First index of the run stored under `key`.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when it is no run key
 */
export function indexOfRunKey(key: Uint8Array): Index {
  if (key.length !== runKeyBytes || key[0] !== runPrefix)
    throw damaged("the log holds a key that nothing explains");
  const first = Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(1));
  if (!Number.isSafeInteger(first) || first < 1) throw damaged("the log holds a key that nothing explains");
  return first;
}
