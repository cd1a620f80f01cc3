import type { OpRecord } from "../format/records.ts";
import { explainDeadEnd } from "./explain.ts";
import { VersionedRegister } from "./model.ts";
import { partitionByPath } from "./partition.ts";
import { Search } from "./search.ts";
import type { Verdict } from "./search.ts";

export interface LinearizabilityOptions {
  /** List entries that may be examined per path before the path is undecided. Default 100,000,000. */
  readonly maxSteps?: number;
  /** Use `resolved` of unknown operations: drop what was never applied, bound what was. Default false. */
  readonly assisted?: boolean;
}

export interface LinearizabilityResult {
  readonly verdict: Verdict;
  /** Operations in the history. */
  readonly ops: number;
  /** Operations that said something and were judged. */
  readonly checked: number;
  /** Operations that say nothing: other failures, and reads of unknown outcome. */
  readonly dropped: number;
  /** Writes of unknown outcome among those judged. */
  readonly unknown: number;
  readonly paths: number;
  /** List entries examined, over all paths. */
  readonly steps: number;
  /** The first path, in order of name, that is not linearizable, or else that is undecided. */
  readonly firstBadPath?: string;
  /** How far the search came on that path, for people. */
  readonly explain?: string;
}

const defaultMaxSteps = 100_000_000;

/**
 * Judges a history of the model `vreg`. Pure, and the same for the same records on every machine.
 * Every path is judged, so that one undecided path does not hide a bad one.
 */
export function checkLinearizability(
  records: readonly OpRecord[],
  options: LinearizabilityOptions = {},
): LinearizabilityResult {
  const partition = partitionByPath(records, options.assisted ?? false);
  let verdict: Verdict = "linearizable";
  let bad: { firstBadPath: string; explain: string } | undefined;
  let steps = 0;
  for (const { path, ops } of partition.paths) {
    const model = new VersionedRegister();
    const found = new Search(ops, model, options.maxSteps ?? defaultMaxSteps).run();
    steps += found.steps;
    if (!isWorse(found.verdict, verdict)) continue;
    verdict = found.verdict;
    bad = { firstBadPath: path, explain: explainDeadEnd(path, ops.length, model, found.deadEnd) };
  }
  return {
    verdict,
    ops: records.length,
    checked: records.length - partition.dropped,
    dropped: partition.dropped,
    unknown: partition.unknown,
    paths: partition.paths.length,
    steps,
    ...bad,
  };
}

const severity: Readonly<Record<Verdict, number>> = { linearizable: 0, undecided: 1, "not-linearizable": 2 };

function isWorse(a: Verdict, b: Verdict): boolean {
  return severity[a] > severity[b];
}
