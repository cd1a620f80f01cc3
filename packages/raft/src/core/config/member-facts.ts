import { FlotillaError, hasAddressShape, isUnspecified, parseAddress } from "@flotilla/runtime";
import type { Member } from "./configuration.ts";

export const maxIdBytes = 64;
export const maxAddressBytes = 300;
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
const namePattern = /^[0-9a-f]{32}$/;

/** Why nobody is named so; null when somebody may be. */
export function faultOfId(id: string): string | null {
  return idPattern.test(id) ? null : "a member id takes 1 to 64 of A-Z a-z 0-9 . _ -";
}

/** True for 16 bytes as hex, which name a history or a member's data. */
export function isRandomName(text: string): boolean {
  return namePattern.test(text);
}

/** What is wrong with a member's facts; null when nothing is. */
export function faultOf({ id, address, incarnation }: Member): string | null {
  const fault = faultOfId(id);
  if (fault !== null) return fault;
  if (!isRandomName(incarnation)) return "an incarnation is not 16 bytes of hex";
  // No more is asked of one here: logs hold what was accepted when it was made.
  const isAddress = hasAddressShape(address) && address.length <= maxAddressBytes;
  return isAddress ? null : "an address is not of the form host:port";
}

/** Why nobody can be reached at an address; null when somebody may be. */
export function faultOfReach(text: string): string | null {
  try {
    const address = parseAddress(text);
    if (isUnspecified(address))
      return `${text} says only that a member listens everywhere, not where it is reached`;
    return address.port > 0 ? null : `${text} names no port`;
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_ADDRESS")) return error.message;
    throw error;
  }
}
