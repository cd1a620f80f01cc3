import { HistoryFormatError } from "./format/format-error.ts";
import { parseHistory } from "./format/parse-history.ts";
import type { HistoryJudgement } from "./judge/judge-history.ts";
import { brokenIn, judgeHistory } from "./judge/judge-history.ts";
import type { Verdict } from "./linearizability/search.ts";

/** 0 good, 1 a promise is broken, 2 malformed, 3 undecided, or nothing to judge. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface FileVerdict {
  readonly exitCode: ExitCode;
  /** What the search for an order says and its counts, without the time it took. */
  readonly line: string;
  /** What every other checker says that had something to judge, a line each. */
  readonly others: readonly string[];
  /** Where it goes wrong, for people; empty when nothing does. */
  readonly detail: string;
}

const words: Readonly<Record<Verdict, string>> = {
  linearizable: "linearizable",
  "not-linearizable": "NOT linearizable",
  undecided: "undecided",
};

/** Judges the text of one history file with all checkers. */
export function checkText(text: string): FileVerdict {
  try {
    const { ops, ...rest } = parseHistory(text);
    const judgement = judgeHistory({ ops, ...rest });
    const { verdict, checked, dropped, unknown } = judgement.linear;
    const broken = brokenIn(judgement);
    const isEmpty = checked === 0 && judgement.opinions.length === 0;
    return {
      exitCode: broken.length > 0 ? 1 : judgement.undecided > 0 || isEmpty ? 3 : 0,
      line: `${isEmpty ? "nothing to judge" : words[verdict]} ops=${ops.length} checked=${checked} dropped=${dropped} unknown=${unknown}`,
      others: othersOf(judgement),
      detail: broken.map(({ invariant, message }) => `${invariant}: ${message}`).join("\n"),
    };
  } catch (error) {
    if (!(error instanceof HistoryFormatError)) throw error;
    return { exitCode: 2, line: "malformed", others: [], detail: `${error.code} ${error.message}` };
  }
}

function othersOf({ opinions }: HistoryJudgement): string[] {
  return opinions.map(({ checker, ok, checked, violations }) =>
    ok
      ? `${checker} good checked=${checked}`
      : `${checker} BROKEN checked=${checked} violations=${violations.length}`,
  );
}

/** The exit code of a run over several files: malformed outranks broken, then undecided. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  const byWeight: readonly ExitCode[] = [2, 1, 3];
  return byWeight.find((code) => codes.includes(code)) ?? 0;
}
