import type { LoadResult } from "../load/job.ts";
import { noiseLimit, noiseOf, summarise } from "./summary.ts";
import type { Row } from "./summary.ts";
import type { Workload } from "./workloads.ts";
import type { SystemName } from "../clients/open.ts";

/** One system that can run a round of a workload. */
export interface Contender<W extends Workload = Workload> {
  readonly system: SystemName;
  round(workload: W): Promise<LoadResult>;
}

/** How much work is put into a row. */
export interface Effort {
  readonly rounds: number;
  /** How often a noisy round is done again. */
  readonly repeats: number;
}

/** A round in which nothing was answered says nothing, however quiet it was. */
function badness(result: LoadResult): number {
  return result.operations === 0 ? Number.POSITIVE_INFINITY : noiseOf(result);
}

/** Does a round, again while the machine is noisy or nothing is answered, and keeps the quietest. */
async function quietRound<W extends Workload>(
  contender: Contender<W>,
  workload: W,
  mostRepeats: number,
): Promise<{ readonly result: LoadResult; readonly repeats: number }> {
  let result = await contender.round(workload);
  let repeats = 0;
  while (badness(result) > noiseLimit && repeats < mostRepeats) {
    repeats += 1;
    const again = await contender.round(workload);
    if (badness(again) < badness(result)) result = again;
  }
  return { result, repeats };
}

/** Runs a workload on all contenders in turn, A B A B, so that a change of the machine hits all of them. */
export async function interleaved<W extends Workload>(
  contenders: readonly Contender<W>[],
  workload: W,
  { rounds, repeats: mostRepeats }: Effort,
): Promise<Row[]> {
  const results = contenders.map((contender) => ({ contender, rounds: [] as LoadResult[], repeats: 0 }));
  for (let k = 0; k < rounds; k += 1) {
    for (const each of results) {
      const { result, repeats } = await quietRound(each.contender, workload, mostRepeats);
      each.rounds.push(result);
      each.repeats += repeats;
    }
  }
  return results.map((each) => summarise(workload, each.contender.system, each.rounds, each.repeats));
}
