import type { OpRecord } from "../format/records.ts";

/** What an operation asks of the state of its path. */
export type CompiledKind = "read" | "create" | "set" | "delete" | "no-node" | "node-exists" | "bad-version";

/** An operation with everything unchecked or unconditional written as -1, and values as numbers. */
export interface CompiledOp {
  readonly kind: CompiledKind;
  /** The version the write is conditional on. */
  readonly expected: number;
  /** The value written, or seen by a read. */
  readonly value: number;
  /** The value a write reported back. */
  readonly echoed: number;
  /** The version reported. */
  readonly version: number;
  /** The zxid reported. */
  readonly zxid: number;
  /** What a read saw: 1 there, 0 absent, -1 not checked. */
  readonly exists: number;
  readonly invoke: number;
  /** `Infinity` when the operation may take effect any time later, or never. */
  readonly return: number;
  readonly record: OpRecord;
}

/** Numbers for values, so that the search compares integers. */
export class ValueTable {
  readonly #ids = new Map<string, number>();

  /** The number of a value; -1 for none. */
  id(value: string | undefined): number {
    if (value === undefined) return -1;
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    this.#ids.set(value, this.#ids.size);
    return this.#ids.size - 1;
  }
}

const observations: ReadonlyMap<string, CompiledKind> = new Map([
  ["NO_NODE", "no-node"],
  ["NODE_EXISTS", "node-exists"],
  ["BAD_VERSION", "bad-version"],
]);

/**
 * Prepares one operation, or returns `null` when it says nothing: a failure that is no observation, a
 * read of unknown outcome, or (assisted) an unknown write that the log shows was never applied.
 */
export function compileOp(record: OpRecord, values: ValueTable, assisted: boolean): CompiledOp | null {
  if (record.outcome === "unknown") return compileUnknown(record, values, assisted);
  const returned = record.return_ns ?? Infinity;
  if (record.outcome === "ok") return compile(record, values, kindOf(record), returned);
  const observed = observations.get(record.result?.error ?? "");
  return observed === undefined ? null : compile(record, values, observed, returned);
}

function compileUnknown(record: OpRecord, values: ValueTable, assisted: boolean): CompiledOp | null {
  const kind = kindOf(record);
  if (kind === "read") return null;
  const resolved = assisted ? record.resolved : undefined;
  if (resolved === undefined) return compile(record, values, kind, Infinity);
  if (!resolved.applied) return null;
  const at = Math.max(resolved.at_ns ?? Infinity, record.invoke_ns);
  return { ...compile(record, values, kind, at), zxid: resolved.zxid ?? -1 };
}

function kindOf(record: OpRecord): CompiledKind {
  switch (record.op.type) {
    case "get":
    case "exists":
      return "read";
    case "set":
    case "cas":
      return "set";
    default:
      return record.op.type;
  }
}

function compile(record: OpRecord, values: ValueTable, kind: CompiledKind, returned: number): CompiledOp {
  const { op, result } = record;
  return {
    kind,
    expected: op.expectedVersion ?? -1,
    value: values.id(kind === "read" ? result?.value : op.value),
    echoed: kind === "read" ? -1 : values.id(result?.value),
    version: result?.version ?? -1,
    zxid: result?.zxid ?? -1,
    exists: kind === "read" ? existenceSeen(record) : -1,
    invoke: record.invoke_ns,
    return: returned,
    record,
  };
}

function existenceSeen({ op, result }: OpRecord): number {
  if (result?.exists !== undefined) return result.exists ? 1 : 0;
  const showsNode = (result?.value ?? result?.version ?? result?.zxid) !== undefined;
  return op.type === "get" || showsNode ? 1 : -1;
}
