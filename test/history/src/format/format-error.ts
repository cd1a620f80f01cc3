/** Stable reasons for refusing a history. */
export type HistoryFormatCode =
  | "BAD_JSON"
  | "BAD_FIELD"
  | "BAD_META"
  | "CUT_SHORT"
  | "DUPLICATE_ID"
  | "DUPLICATE_VALUE"
  | "CLIENT_ORDER"
  | "CLIENT_OVERLAP"
  | "CLIENT_REUSED";

/** A history that breaks the format. `line` counts from 1; 0 means that no line is known. */
export class HistoryFormatError extends Error {
  override readonly name: string = "HistoryFormatError";
  readonly code: HistoryFormatCode;
  readonly line: number;

  constructor(code: HistoryFormatCode, line: number, reason: string) {
    super(line > 0 ? `line ${line}: ${reason}` : reason);
    this.code = code;
    this.line = line;
  }
}
