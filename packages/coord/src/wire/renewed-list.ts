import type { LeaseId } from "@flotilla/kv";
import { idDigits } from "@flotilla/kv";
import type { CborReader } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";

function readLease(reader: CborReader): LeaseId {
  return reader.hex("lease", idDigits);
}

/** The leases of one renewal. */
export function readLeases(reader: CborReader): readonly LeaseId[] {
  return reader.list("leases", wireBounds.leases, readLease);
}

/** Up to here what was read is kept as a text, which takes less memory than an array of bytes. */
const shortItems = 256;
const none: readonly LeaseId[] = [];

/** What one client renewed last: mostly it renews the same again, byte for byte. */
export class RenewedList {
  #items: Uint8Array | string | null = null;
  #leases = none;

  /** Takes the leases of one renewal: as the very object of the last time when they are the same. */
  take(reader: CborReader): readonly LeaseId[] {
    if (this.#items !== null && reader.takeSame(this.#items)) return this.#leases;
    const start = reader.at;
    // As long as it has to be: an array that grew has room for more.
    this.#leases = readLeases(reader).slice();
    this.#items = reader.at - start > shortItems ? reader.copyFrom(start) : reader.charsFrom(start);
    return this.#leases;
  }

  /** Keeps no memory for it: it is not worth that, or not trusted. */
  forget(): void {
    this.#items = null;
    this.#leases = none;
  }
}
