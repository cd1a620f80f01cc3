import { limits } from "./limits.ts";
import type { TreeEvent, WatchToken } from "./types.ts";

/** Bounds of an event history. */
export interface HistoryLimits {
  readonly events: number;
  /** Counts values and paths, and a fixed share for each event. */
  readonly bytes: number;
}

const eventOverheadBytes = 256;

function costOf(event: TreeEvent): number {
  return eventOverheadBytes + event.path.length * 2 + (event.node === null ? 0 : event.node.value.length);
}

/** Negative when `a` is before `b`. */
export function compareTokens(a: WatchToken, b: WatchToken): number {
  return a.revision - b.revision || a.ordinal - b.ordinal;
}

/** The latest events in order, bounded by count and bytes. What falls out moves the floor. */
export class EventHistory {
  readonly #limits: HistoryLimits;
  /** Holes before the head let values go at once. */
  #events: (TreeEvent | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #floor: WatchToken;

  constructor(bounds: Partial<HistoryLimits> = {}, floor: WatchToken = { revision: 0, ordinal: 0 }) {
    this.#limits = {
      events: bounds.events ?? limits.historyEvents,
      bytes: bounds.bytes ?? limits.historyBytes,
    };
    this.#floor = floor;
  }

  /** The last event that is gone; a token before it is a gap. */
  get floor(): WatchToken {
    return this.#floor;
  }

  /** Events kept. */
  get size(): number {
    return this.#events.length - this.#head;
  }

  /** Adds the events of one command, in order, all after those kept. */
  append(events: readonly TreeEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += costOf(event);
    }
    while (this.size > this.#limits.events || (this.#bytes > this.#limits.bytes && this.size > 0))
      this.#drop();
    if (this.#head > 1024 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets everything; every token before `floor` is a gap from now on. */
  reset(floor: WatchToken): void {
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#floor = { revision: floor.revision, ordinal: floor.ordinal };
  }

  /**
   * The events after the token, oldest first, at most `limit` (default all); pass the last one as the next token.
   * `"gap"` when some of them are gone. A token ahead of the last event gives none.
   */
  since(token: WatchToken, limit: number = Number.MAX_SAFE_INTEGER): TreeEvent[] | "gap" {
    if (compareTokens(token, this.#floor) < 0) return "gap";
    const start = this.#firstAfter(token);
    const found: TreeEvent[] = [];
    for (const event of this.#events.slice(start, Math.min(this.#events.length, start + limit))) {
      if (event !== undefined) found.push(event);
    }
    return found;
  }

  #firstAfter(token: WatchToken): number {
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.#events[middle];
      if (event === undefined || compareTokens(event, token) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drop(): void {
    const event = this.#events[this.#head];
    if (event === undefined) return;
    this.#events[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= costOf(event);
    this.#floor = { revision: event.revision, ordinal: event.ordinal };
  }
}
