import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HistoryWriter } from "@flotilla/history";
import type { Reported } from "../report/report.ts";
import { countOps } from "../report/report.ts";
import type { Broken } from "../verdict/judge.ts";
import { judgeFile } from "../verdict/judge.ts";
import type { DiskRunOptions } from "./register-load.ts";

/** What came of a run of one disk fault. */
export interface DiskReport extends Reported {
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface DiskFindings {
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly Broken[];
}

/** Judges the history by all checkers, and leaves both where the options say. */
export function diskReport(
  { name, seed, outFolder }: DiskRunOptions,
  history: HistoryWriter,
  { faults, outcomes, violations }: DiskFindings,
): DiskReport {
  const jsonLines = history.toJsonLines();
  const judged = judgeFile(jsonLines);
  const report = {
    name,
    seed,
    ops: countOps(history.ops(), judged.checked),
    faults,
    outcomes,
    undecided: judged.undecided,
    violations: [...violations, ...judged.violations],
  };
  if (outFolder === null) return report;
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(join(outFolder, "history.jsonl"), jsonLines);
  writeFileSync(join(outFolder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}
