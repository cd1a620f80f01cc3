export { HistoryFormatError } from "./format/format-error.ts";
export type { HistoryFormatCode } from "./format/format-error.ts";
export { HistoryWriter } from "./format/history-writer.ts";
export type { OpOrigin } from "./format/history-writer.ts";
export { parseHistory } from "./format/parse-history.ts";
export type {
  History,
  MetaRecord,
  Operation,
  OpRecord,
  OpResult,
  OpType,
  OtherRecord,
  Outcome,
  Resolution,
} from "./format/records.ts";
export { checkLinearizability } from "./linearizability/check.ts";
export type { LinearizabilityOptions, LinearizabilityResult } from "./linearizability/check.ts";
export type { Verdict } from "./linearizability/search.ts";
