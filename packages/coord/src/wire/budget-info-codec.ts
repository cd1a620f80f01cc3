import type { BudgetInfo, BudgetUse } from "@flotilla/kv";
import { readBudget, writeBudget } from "@flotilla/kv";
import { expectItems } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { readPath } from "./tree-codec.ts";

/** `[path, budget, [nodes, bytes, leases|null, rate|null, watches|null]]` */
export function writeBudgetInfo(writer: CborWriter, { path, budget, used }: BudgetInfo): void {
  writer.array(3);
  writer.text(path);
  writeBudget(writer, budget);
  writer.array(5);
  for (const count of [used.nodes, used.bytes, used.leases, used.rate, used.watches]) {
    if (count === undefined) writer.null();
    else writer.number(count);
  }
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readBudgetInfo(reader: CborReader): BudgetInfo {
  expectItems("budget", reader.array("budget", 3, 3), 3);
  return { path: readPath(reader, "path"), budget: readBudget(reader), used: readUse(reader) };
}

function readUse(reader: CborReader): BudgetUse {
  expectItems("used", reader.array("used", 5, 5), 5);
  const sizes = { nodes: reader.uint("nodes"), bytes: reader.uint("bytes") };
  const leases = reader.takeNull() ? {} : { leases: reader.uint("leases") };
  const rate = reader.takeNull() ? {} : { rate: reader.uint("rate") };
  const watches = reader.takeNull() ? {} : { watches: reader.uint("watches") };
  return { ...sizes, ...leases, ...rate, ...watches };
}
