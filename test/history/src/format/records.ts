/** What an operation of the versioned-register model does. */
export type OpType = "get" | "exists" | "create" | "set" | "cas" | "delete";

/** The request as the client sent it. */
export interface Operation {
  readonly type: OpType;
  readonly path: string;
  /** Required for create, set and cas; unique in the file. */
  readonly value?: string;
  /** At least 0 is conditional; absent or -1 is unconditional. Required for cas. */
  readonly expectedVersion?: number;
}

/** What the client saw. An absent field is not checked. */
export interface OpResult {
  readonly value?: string;
  readonly version?: number;
  /** Of the write; for a read, of the last write of the node (mzxid). */
  readonly zxid?: number;
  readonly exists?: boolean;
  /** Only on `fail`. `NO_NODE`, `NODE_EXISTS` and `BAD_VERSION` are observations. */
  readonly error?: string;
}

/** `ok` took effect or was read, `fail` certainly had no effect, `unknown` may take effect any time later. */
export type Outcome = "ok" | "fail" | "unknown";

/** The fate of an unknown operation, read from the replicated log after the run. */
export interface Resolution {
  readonly applied: boolean;
  readonly zxid?: number;
  /** When it was applied, at the latest; on the clock of `invoke_ns`. */
  readonly at_ns?: number;
}

/**
 * One operation of one client. Times are whole nanoseconds since the start of the run, below 2^53;
 * the interval from `invoke_ns` to `return_ns` is closed.
 */
export interface OpRecord {
  readonly kind?: "op";
  /** Unique in the file. */
  readonly id: number;
  /** One operation in flight; never used again after an unknown outcome. */
  readonly client: number;
  /** The server the client was attached to. */
  readonly node?: string;
  readonly session?: string;
  readonly op: Operation;
  readonly invoke_ns: number;
  /** `null` exactly when the outcome is unknown. */
  readonly return_ns: number | null;
  readonly outcome: Outcome;
  /** `null` when the outcome is unknown. */
  readonly result: OpResult | null;
  /** Used in assisted mode only. */
  readonly resolved?: Resolution;
}

/** The first line of a file. Fields beyond these are kept as they are. */
export interface MetaRecord {
  readonly kind: "meta";
  /** Version of the format: 1. */
  readonly v: 1;
  /** The model the operations speak. Default `vreg`. */
  readonly model?: "vreg";
  readonly clock?: string;
  readonly seed?: number | string;
  /** How many lines follow, so that a file which was cut short can be told. Default: nobody knows. */
  readonly records?: number;
  readonly [field: string]: unknown;
}

/** A record of another kind; the shape of those that checkers read was checked. */
export interface OtherRecord {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A whole file, each part in file order. */
export interface History {
  /** `null` when the file has no meta record. */
  readonly meta: MetaRecord | null;
  readonly ops: readonly OpRecord[];
  readonly others: readonly OtherRecord[];
}
