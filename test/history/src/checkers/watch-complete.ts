import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";
import { byPlace, expectedEvents } from "./watch-filter.ts";
import type { CommittedEvent, SeenNode, WatchSpec } from "./watch-filter.ts";

/** One item of the stream of a watch, in order of delivery. */
export type DeliveredItem =
  | ({
      readonly kind: "event";
      /** Before the change; null when created. Absent: the watch did not ask. */
      readonly previous?: SeenNode | null;
    } & CommittedEvent)
  /** Everything up to here was delivered. */
  | { readonly kind: "bookmark"; readonly revision: number; readonly ordinal: number }
  /** Part of the history is gone; a snapshot follows. */
  | { readonly kind: "gap" }
  /** The state as of `revision`, with all nodes in scope if they are to be compared; the stream goes on after it. Also allowed as the first item. */
  | { readonly kind: "snapshot"; readonly revision: number; readonly nodes?: readonly PlacedNode[] };

/** A node of a snapshot. */
export interface PlacedNode {
  readonly path: string;
  readonly node: SeenNode;
}

export interface WatchStream extends WatchSpec {
  readonly delivered: readonly DeliveredItem[];
  /** The last revision the stream had to reach before it was stopped. Default: the end of the log. */
  readonly until?: number;
}

export interface WatchCompleteInput {
  /** Every committed change, in order. */
  readonly log: readonly CommittedEvent[];
  readonly watch: WatchStream;
}

/**
 * A watch delivers every committed event it asked for: each once, in order, none that did not happen.
 * A gap excuses what lies before the snapshot that must follow it, and nothing else.
 */
export function watchComplete({ log, watch }: WatchCompleteInput): CheckReport {
  const findings = new Findings();
  const replay = new WatchReplay(expectedEvents(log.toSorted(byPlace), watch), watch, findings);
  for (const item of watch.delivered) replay.deliver(item);
  replay.finish(watch.until ?? Infinity);
  findings.checked(watch.delivered.length);
  return findings.report();
}

class WatchReplay {
  readonly #expected: readonly CommittedEvent[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #findings: Findings;
  readonly #delivered = new Set<string>();
  /** Index of the next event that is due. */
  #next = 0;
  #revision: number;
  #inGap = false;
  #first = true;

  constructor(expected: readonly CommittedEvent[], watch: WatchSpec, findings: Findings) {
    this.#expected = expected;
    this.#places = new Map(expected.map((event, index) => [keyOf(event), index]));
    this.#revision = watch.from - 1;
    this.#findings = findings;
  }

  deliver(item: DeliveredItem): void {
    if (item.kind === "event") this.#event(item);
    else if (item.kind === "snapshot") this.#snapshot(item);
    else if (item.kind === "bookmark") this.#bookmark(item);
    else this.#inGap = true;
    this.#first = false;
  }

  finish(until: number): void {
    if (this.#inGap) this.#findings.add("gap-open", "the stream ends in a gap without a snapshot");
    const due = this.#expected[this.#next];
    if (!this.#inGap && due !== undefined && due.revision <= until) {
      this.#findings.add("missing", "the stream ends before an event that was due", due);
    }
  }

  #event(event: CommittedEvent): void {
    if (this.#inGap) this.#findings.add("gap-open", "an event follows a gap without a snapshot", event);
    const key = keyOf(event);
    const place = this.#places.get(key);
    if (place === undefined) {
      this.#findings.add("phantom", "an event that never happened, or that the watch did not ask for", event);
      return;
    }
    if (this.#delivered.has(key)) this.#findings.add("repeated", "an event was delivered twice", event);
    else if (place < this.#next)
      this.#findings.add("order", "an event came after later ones or after a snapshot that shows it", event);
    else if (place > this.#next)
      this.#findings.add("missing", "an event was left out", this.#expected[this.#next], event);
    this.#delivered.add(key);
    this.#next = Math.max(this.#next, place + 1);
    this.#revision = Math.max(this.#revision, event.revision);
  }

  #bookmark(bookmark: { readonly revision: number; readonly ordinal: number }): void {
    const due = this.#expected[this.#next];
    if (this.#inGap) this.#findings.add("gap-open", "a bookmark follows a gap without a snapshot", bookmark);
    else if (due !== undefined && byPlace(due, bookmark) <= 0)
      this.#findings.add("bookmark-early", "a bookmark goes past an event that was due", bookmark, due);
  }

  #snapshot(snapshot: { readonly revision: number }): void {
    if (!this.#inGap && !this.#first)
      this.#findings.add("snapshot-without-gap", "a snapshot that no gap announced", snapshot);
    if (snapshot.revision < this.#revision) {
      this.#findings.add("snapshot-old", "a snapshot older than what was delivered", snapshot, {
        delivered: this.#revision,
      });
    }
    this.#inGap = false;
    this.#revision = Math.max(this.#revision, snapshot.revision);
    const after = this.#expected.findIndex((event) => event.revision > this.#revision);
    this.#next = after < 0 ? this.#expected.length : after;
  }
}

function keyOf(event: CommittedEvent): string {
  return JSON.stringify([event.revision, event.ordinal, event.path, event.type]);
}
