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

/** What one client renewed last: mostly it renews the same again, byte for byte. */
export class RenewedList {
  #items: Uint8Array | null = null;
  #leases: readonly LeaseId[] = [];

  /** Takes the leases of one renewal: as the very object of the last time when they are the same. */
  take(reader: CborReader): readonly LeaseId[] {
    if (this.#items !== null && reader.takeSame(this.#items)) return this.#leases;
    const start = reader.at;
    this.#leases = readLeases(reader);
    this.#items = reader.copyFrom(start);
    return this.#leases;
  }

  /** Keeps no memory for it: it is not worth that, or not trusted. */
  forget(): void {
    this.#items = null;
    this.#leases = [];
  }
}
