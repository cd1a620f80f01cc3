import type { Clock } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import { frameChecksum } from "../core/entry-codec.ts";
import type { Entry, EntryKind } from "../core/entry.ts";
import type { Event, Stamped } from "../core/event.ts";
import type { Message } from "../core/message.ts";
import type { Recovered } from "../core/options.ts";
import type { AppendTask, SoftState } from "../core/ready.ts";
import type { RefusalReason } from "../core/refusals.ts";
import type { HardState, Index, LogId, NodeId } from "../core/types.ts";
import type { RaftObserver } from "./observer.ts";
import { plainly } from "./plain.ts";
import type { Plain } from "./plain.ts";

/** One entry: where it is, and the CRC-32 of its frame, by which contents are told apart. */
export interface TracedEntry extends LogId {
  readonly kind: EntryKind;
  readonly checksum: number;
}

/** What happened at a node. */
export type TraceStep =
  /** The data was opened. */
  | ({
      readonly type: "recovered";
      readonly last: LogId;
      readonly commit: Index;
      readonly snapshot: LogId;
    } & {
      readonly hardState: HardState;
    })
  /** An event entered the core at this wall time: with the order of records, all that it ever hears. */
  | { readonly type: "step"; readonly event: Plain; readonly wallMs: number }
  /** A message left the core. */
  | { readonly type: "send"; readonly to: NodeId; readonly message: Plain }
  /** A batch was handed to the disk: term and vote are in `hardState`, null when they stay. */
  | {
      readonly type: "append";
      readonly task: number;
      readonly reset: LogId | null;
      readonly truncateFrom: Index | null;
      readonly hardState: HardState | null;
      readonly commit: Index;
      readonly entries: readonly TracedEntry[];
    }
  /** That batch is durable. */
  | { readonly type: "durable"; readonly task: number }
  | { readonly type: "commit"; readonly index: Index }
  | ({ readonly type: "apply" } & TracedEntry)
  /** Role, term, leader or establishment changed. */
  | ({ readonly type: "soft"; readonly last: LogId } & SoftState)
  /** A peer said what no honest member can say. */
  | { readonly type: "refused"; readonly from: NodeId; readonly reason: RefusalReason }
  /** Another configuration is in force. */
  | { readonly type: "configuration"; readonly configuration: Plain }
  /** A snapshot of the state is durable. */
  | { readonly type: "snapshot"; readonly last: LogId }
  /** A snapshot replaced the state. */
  | { readonly type: "restore"; readonly last: LogId };

/** One transition of a node. Plain data: `JSON.stringify` makes it a line. */
export type TraceRecord = {
  readonly node: NodeId;
  /** Counts the records of this life, from 1: what is missing shows. */
  readonly seq: number;
  /** The node's monotonic clock, ms. */
  readonly atMs: number;
} & TraceStep;

function traced({ index, term, kind, frame }: Entry): TracedEntry {
  return { index, term, kind, checksum: frameChecksum(frame) };
}

/** Tells every transition of one node as a record. */
export class Tracer implements RaftObserver {
  readonly #node: NodeId;
  readonly #clock: Clock;
  readonly #trace: (record: TraceRecord) => unknown;
  #failure: { readonly error: unknown } | null = null;
  #seq = 0;

  constructor(node: NodeId, clock: Clock, trace: (record: TraceRecord) => unknown) {
    this.#node = node;
    this.#clock = clock;
    this.#trace = trace;
  }

  onRecovered({ hardState, last, commit, snapshot }: Recovered): void {
    this.#record({ type: "recovered", hardState, last, commit, snapshot });
  }

  onStep(event: Event, { wallMs }: Stamped): void {
    this.#record({ type: "step", event: plainly(event), wallMs });
  }

  onSend(to: NodeId, message: Message): void {
    this.#record({ type: "send", to, message: plainly(message) });
  }

  onAppend({ seq, reset, truncateFrom, hardState, commit, entries }: AppendTask): void {
    this.#record({
      type: "append",
      task: seq,
      reset,
      truncateFrom,
      hardState,
      commit,
      entries: entries.map(traced),
    });
  }

  onDurable({ seq }: AppendTask): void {
    this.#record({ type: "durable", task: seq });
  }

  onSoft(soft: SoftState, last: LogId): void {
    this.#record({ type: "soft", last, ...soft });
  }

  onRefused(from: NodeId, reason: RefusalReason): void {
    this.#record({ type: "refused", from, reason });
  }

  onConfiguration(configuration: Configuration): void {
    this.#record({ type: "configuration", configuration: plainly(configuration) });
  }

  onCommit(index: Index): void {
    this.#record({ type: "commit", index });
  }

  onApply(entry: Entry): void {
    this.#record({ type: "apply", ...traced(entry) });
  }

  onRestore(last: LogId): void {
    this.#record({ type: "restore", last });
  }

  onSnapshot(last: LogId): void {
    this.#record({ type: "snapshot", last });
  }

  #record(step: TraceStep): void {
    this.#seq += 1;
    if (this.#failure !== null) throw this.#failure.error;
    const told = this.#trace({ node: this.#node, seq: this.#seq, atMs: this.#clock.now(), ...step });
    if (told instanceof Promise) told.catch((error: unknown) => (this.#failure = { error }));
  }
}
