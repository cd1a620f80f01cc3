import type { WatchBookmark, WatchEvent } from "./api.ts";

type Told = WatchEvent | WatchBookmark;

/** Events that may wait for a slow consumer. */
const maxEvents = 10_000;
/** The same in bytes of values and paths. */
const maxBytes = 16_777_216;

const overheadBytes = 128;

function costOf(event: Told): number {
  if (event.type === "bookmark") return overheadBytes;
  if (event.type !== "snapshot")
    return (
      overheadBytes +
      event.path.length * 2 +
      (event.node?.value.length ?? 0) +
      (event.previous?.value.length ?? 0)
    );
  let cost = overheadBytes;
  for (const { path, node } of event.nodes) cost += overheadBytes + path.length * 2 + node.value.length;
  return cost;
}

/** What waits for the consumer of one watch. */
export class EventQueue {
  readonly #events: Told[] = [];
  #head = 0;
  #bytes = 0;

  /** Full: take no more before some of it is gone. */
  get isFull(): boolean {
    return this.size >= maxEvents || this.#bytes >= maxBytes;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  /** Adds an event; a bookmark takes the place of one that nothing came after. */
  push(event: Told): void {
    if (event.type === "bookmark" && this.size > 0 && this.#events.at(-1)?.type === "bookmark") {
      this.#events[this.#events.length - 1] = event;
      return;
    }
    this.#events.push(event);
    this.#bytes += costOf(event);
  }

  shift(): Told | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= costOf(event);
    if (this.#head * 2 >= this.#events.length) {
      this.#events.splice(0, this.#head);
      this.#head = 0;
    }
    return event;
  }

  clear(): void {
    this.#events.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }
}
