/** Which process it is: on data of its own, or on what one before it left. */
export interface TreeProcessOptions {
  readonly folder: string;
  readonly nodes: number;
}

/** What the parent asks of the process; each is answered before the next is asked. */
export type TreeRequest =
  /** Builds the tree in memory, and nothing else. */
  | { readonly type: "grow" }
  /** The same under a log of one member, and then writes until so many snapshots are on the disk. */
  | { readonly type: "write"; readonly perSecond: number; readonly snapshots: number }
  /** Opens the log that is there. */
  | { readonly type: "restore" }
  /** One write at a time below so many watchers of everything. */
  | { readonly type: "queue"; readonly watchers: number }
  /** Applies commands of all kinds to a tree in memory. */
  | { readonly type: "apply" }
  /** Finds the watch of a node so deep among so many elsewhere. */
  | { readonly type: "match"; readonly depth: number; readonly elsewhere: number }
  /** Begins to watch the delay of the event loop, and does nothing besides. */
  | { readonly type: "idle" }
  /** How late the event loop was since then. */
  | { readonly type: "delay" };

/** Times of many pieces of work, ms. */
export interface Times {
  readonly count: number;
  readonly p50Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** What each request is answered with. */
export interface TreeAnswers {
  readonly grow: { readonly emptyBytes: number; readonly bytes: number };
  readonly write: {
    /** The state machine's own part of writing a snapshot. */
    readonly slices: Times;
    /** While a snapshot was written. */
    readonly delay: Times;
    readonly writtenPerSecond: number;
    readonly snapshotMs: number;
    readonly residentBytes: number;
  };
  readonly restore: {
    readonly ms: number;
    readonly cpuMs: number;
    readonly pieces: Times;
    readonly delay: Times;
    readonly nodes: number;
    readonly residentBytes: number;
  };
  /** Until the events of one write are queued for all. */
  readonly queue: Times;
  readonly apply: { readonly perSecond: number };
  readonly match: { readonly us: number };
  readonly idle: object;
  readonly delay: Times;
}

/** An answer on its way to the parent. */
export interface TreeAnswered<T extends TreeRequest["type"]> {
  readonly request: T;
  readonly answer: TreeAnswers[T];
}

/** True for the answer to such a request. */
export function answersTree<T extends TreeRequest["type"]>(
  request: T,
  value: unknown,
): value is TreeAnswered<T> {
  return typeof value === "object" && value !== null && "request" in value && value.request === request;
}
