import { hashBytes } from "./digest.ts";

/** Memory that values share, each written once, behind the one before. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Numbers of the nodes whose values were put here, some of them more than once. */
  slots: number[];
  /** Bytes that nodes of the tree still use, each value rounded up. */
  live: number;
}

/** Where the bytes of a value are. */
export interface Place {
  chunk: Chunk;
  at: number;
  length: number;
}

/** That of the value of a node, with the number of the node. */
export interface SlotPlace extends Place {
  readonly slot: number;
}

/** Where the values of nodes are now, by their numbers. */
export interface PlacesBySlot {
  chunkOf(slot: number): Chunk;
  node(slot: number): SlotPlace;
}

/** Where the values of a store ended; see {@link ValueStore.mark}. */
export interface ValueMark {
  readonly open: Chunk;
  readonly used: number;
  readonly slots: number;
  readonly sparse: number;
}

/** Bytes of a chunk: large enough to make the cost of memory outside the heap small for each value. */
const chunkBytes = 16_384;
/** A longer value has a chunk of its own. */
const sharedBytes = 2_048;
/** A chunk with less than this part in use is emptied, so that one value never holds on to many dead ones. */
const leastLive = chunkBytes / 3;

/** Bytes that a value takes up: so a chunk never holds so many that emptying it would stall. */
function roomFor(length: number): number {
  return (length + 15) & ~15;
}

function makeChunk(bytes: Uint8Array): Chunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes, view, slots: [], live: 0 };
}

/** Where all empty values are. */
export const noBytes: Chunk = makeChunk(new Uint8Array(0));

/** A place for bytes that nobody changes, as they are. */
export function placeOf(bytes: Uint8Array): Place {
  return { chunk: makeChunk(bytes), at: 0, length: bytes.length };
}

/** The bytes at a place; they alias its chunk and must not be changed. */
export function bytesAt({ chunk, at, length }: Readonly<Place>): Uint8Array {
  const { bytes } = chunk;
  return length === bytes.length ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
}

/**
 * The bytes of all values, packed: an array buffer for each would cost more than most values, in memory and in
 * collection. What was written is never changed, so a place stays good for whoever still knows it. At most about
 * three times the bytes in use are kept.
 */
export class ValueStore {
  #open: Chunk = noBytes;
  #used = 0;
  #sparse: Chunk[] = [];

  /** Copies the value of a node and moves its place there; returns the 32-bit hash of the value. */
  put(place: SlotPlace, value: Uint8Array): number {
    const { length } = value;
    place.length = length;
    if (length > 0 && length <= sharedBytes) {
      this.#append(place, value);
    } else {
      place.chunk = length === 0 ? noBytes : makeChunk(new Uint8Array(value));
      place.at = 0;
    }
    return hashBytes(value, place.chunk.view, place.at);
  }

  /** A node of the tree uses the place from now on. */
  hold({ chunk, length }: Place): void {
    if (length > 0) chunk.live += roomFor(length);
  }

  /** A node of the tree uses the place no longer. */
  release({ chunk, length }: Place): void {
    if (length === 0) return;
    const before = chunk.live;
    chunk.live = before - roomFor(length);
    if (before >= leastLive && chunk !== this.#open) this.#watch(chunk);
  }

  /** Where the values end now. */
  mark(): ValueMark {
    const open = this.#open;
    return { open, used: this.#used, slots: open.slots.length, sparse: this.#sparse.length };
  }

  /**
   * Gives back the room of all that was put since a mark. To be called without `tidy` between them, and once the nodes
   * use again what they used then: nobody may know those places any more.
   */
  rewind({ open, used, slots, sparse }: ValueMark): void {
    open.slots.length = slots;
    this.#open = open;
    this.#used = used;
    this.#sparse.length = sparse;
  }

  /** Moves values out of chunks that are mostly unused. */
  tidy(places: PlacesBySlot): void {
    for (let chunk = this.#sparse.pop(); chunk !== undefined; chunk = this.#sparse.pop()) {
      const { slots } = chunk;
      chunk.slots = [];
      if (chunk.live === 0) continue;
      for (const slot of slots) {
        if (places.chunkOf(slot) !== chunk) continue;
        const place = places.node(slot);
        this.release(place);
        this.#append(place, bytesAt(place));
        this.hold(place);
      }
    }
  }

  /** Only the bytes are new: length and hash of the value stay. */
  #append(place: SlotPlace, value: Uint8Array): void {
    const room = roomFor(value.length);
    if (this.#used + room > this.#open.bytes.length) this.#start();
    const chunk = this.#open;
    place.chunk = chunk;
    place.at = this.#used;
    chunk.bytes.set(value, this.#used);
    chunk.slots.push(place.slot);
    this.#used += room;
  }

  #start(): void {
    const full = this.#open;
    this.#open = makeChunk(new Uint8Array(chunkBytes));
    this.#used = 0;
    this.#watch(full);
  }

  #watch(chunk: Chunk): void {
    if (chunk.live < leastLive && chunk.slots.length > 0) this.#sparse.push(chunk);
  }
}
