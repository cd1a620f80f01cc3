import type { OpRecord } from "../format/records.ts";
import { compileOp, ValueTable } from "./compile.ts";
import type { CompiledOp } from "./compile.ts";

/** The operations that say something, by path. */
export interface Partition {
  /** Sorted by path. */
  readonly paths: readonly { readonly path: string; readonly ops: readonly CompiledOp[] }[];
  /** Operations that say nothing. */
  readonly dropped: number;
  /** Unknown writes among those that say something. */
  readonly unknown: number;
}

/** Splits a history by path: linearizability is local, so each path can be judged alone. */
export function partitionByPath(records: readonly OpRecord[], assisted: boolean): Partition {
  const byPath = new Map<string, CompiledOp[]>();
  const values = new ValueTable();
  let dropped = 0;
  let unknown = 0;
  for (const record of records) {
    const op = compileOp(record, values, assisted);
    if (op === null) {
      dropped++;
      continue;
    }
    if (record.outcome === "unknown") unknown++;
    const ops = byPath.get(record.op.path);
    if (ops === undefined) byPath.set(record.op.path, [op]);
    else ops.push(op);
  }
  const paths = [...byPath]
    .map(([path, ops]) => ({ path, ops }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { paths, dropped, unknown };
}
