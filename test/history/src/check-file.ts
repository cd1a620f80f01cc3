import { HistoryFormatError } from "./format/format-error.ts";
import { parseHistory } from "./format/parse-history.ts";
import { checkLinearizability } from "./linearizability/check.ts";
import type { Verdict } from "./linearizability/search.ts";

/** 0 linearizable, 1 not linearizable, 2 malformed, 3 undecided. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface FileVerdict {
  readonly exitCode: ExitCode;
  /** The verdict and its counts, without the time it took. */
  readonly line: string;
  /** Where it goes wrong, for people; empty when nothing does. */
  readonly detail: string;
}

const exitCodes: Readonly<Record<Verdict, ExitCode>> = {
  linearizable: 0,
  "not-linearizable": 1,
  undecided: 3,
};
const words: Readonly<Record<Verdict, string>> = {
  linearizable: "linearizable",
  "not-linearizable": "NOT linearizable",
  undecided: "undecided",
};

/** Judges the text of one history file. */
export function checkText(text: string): FileVerdict {
  try {
    const { ops } = parseHistory(text);
    const { verdict, checked, dropped, unknown, explain } = checkLinearizability(ops);
    const line = `${words[verdict]} ops=${ops.length} checked=${checked} dropped=${dropped} unknown=${unknown}`;
    return { exitCode: exitCodes[verdict], line, detail: explain ?? "" };
  } catch (error) {
    if (!(error instanceof HistoryFormatError)) throw error;
    return { exitCode: 2, line: "malformed", detail: `${error.code} ${error.message}` };
  }
}

/** The exit code of a run over several files: malformed outranks not linearizable, then undecided. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  const byWeight: readonly ExitCode[] = [2, 1, 3];
  return byWeight.find((code) => codes.includes(code)) ?? 0;
}
