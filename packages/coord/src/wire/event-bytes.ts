import { CborWriter } from "@flotilla/runtime";
import type { ToldEvent } from "./messages.ts";
import { writeEvent } from "./tree-codec.ts";

/** Larger ones are not kept. */
const mostBytes = 16_384;

/** The bytes of an event, once for all the watches that are told of it one after the other. */
export class EventBytes {
  readonly #writer = new CborWriter();
  #event: ToldEvent | null = null;
  #part: "all" | "after" = "all";
  #bytes: Uint8Array = new Uint8Array(0);

  of(event: ToldEvent, part: "all" | "after"): Uint8Array {
    if (event === this.#event && part === this.#part) return this.#bytes;
    this.#writer.begin();
    writeEvent(this.#writer, event, part);
    const bytes = this.#writer.finish();
    const isKept = bytes.length <= mostBytes;
    this.#event = isKept ? event : null;
    this.#part = part;
    this.#bytes = isKept ? bytes : new Uint8Array(0);
    return bytes;
  }
}
