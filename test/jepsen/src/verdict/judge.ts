import { brokenIn, judgeHistory, parseHistory } from "@flotilla/history";
import type { MemberProcess } from "../processes/member-process.ts";

/** A promise that was broken, and by which invariant of the house it was. */
export interface Broken {
  readonly invariant: string;
  readonly message: string;
}

export interface Judgement {
  readonly checked: number;
  /** Searches that ended at their bound without an answer. */
  readonly undecided: number;
  readonly violations: readonly Broken[];
}

const exitOfFailedDisk = 74;

/** What clients recorded, judged as it stands in the file by every checker that it has something for. */
export function judgeFile(jsonLines: string): Judgement {
  const judgement = judgeHistory(parseHistory(jsonLines));
  const { checked, undecided } = judgement;
  return { checked, undecided, violations: brokenIn(judgement) };
}

/** Members whose end may come by itself. */
export interface Endings {
  readonly failedDisks: ReadonlySet<string>;
  /** They are no members any more. */
  readonly removed: ReadonlySet<string>;
}

/** Members end when they are told to, in order if that was asked of them, because their disk failed, or because they were removed. */
export function judgeExits(
  members: readonly MemberProcess[],
  { failedDisks, removed }: Endings,
): readonly Broken[] {
  return members.flatMap(({ id, exits }) =>
    exits
      .filter(({ told }) => told !== "SIGKILL")
      .filter(({ told, code, signal }) => told === null || (code !== 0 && signal !== told))
      .filter(({ code }) => !(failedDisks.has(id) && code === exitOfFailedDisk))
      .filter(({ code }) => !(removed.has(id) && code === 0))
      .map(({ code, signal, told }) => ({
        invariant: "FailStop",
        message: `${id} ended ${told === null ? "by itself" : `on ${told}`}: ${code ?? signal}`,
      })),
  );
}
