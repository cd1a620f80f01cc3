import type { AppendTask, Entry, Index, LogId, Recovered, SoftState, Term } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Term, vote, log, commit and applied index never go back, also not over a restart. */
export class NoRegression implements OnlineChecker {
  readonly invariant: string = "NoRegression";
  readonly #report: Report;
  /** Of entries that were applied anywhere: their terms, and the terms in which whoever was first did so. */
  readonly #committed = new Map<Index, { readonly term: Term; readonly inTerm: Term }>();

  constructor(report: Report) {
    this.#report = report;
  }

  recovered(node: NodeView, recovered: Recovered): void {
    if (node.life === 0 || node.replaced) return;
    if (node.tampered) this.#recoveredDamaged(node);
    else this.#recoveredWhole(node, recovered);
  }

  soft(node: NodeView, { term }: SoftState, _last: LogId): void {
    if (term < node.soft.term) this.#report(`${node.id} goes back from term ${node.soft.term} to ${term}`);
  }

  append(node: NodeView, task: AppendTask): void {
    const { truncateFrom, reset, hardState } = task;
    const { soft, applied } = node;
    this.#dropped(node, task);
    const stepsDown = hardState !== null && hardState.term > soft.term;
    if (truncateFrom !== null && soft.role === "leader" && !stepsDown) {
      this.#report(`${node.id} leads term ${soft.term} and drops its log from ${truncateFrom} on`);
    }
    const dropsApplied =
      reset === null ? truncateFrom !== null && truncateFrom <= applied : reset.index < applied;
    if (dropsApplied) {
      this.#report(`${node.id} drops what it has applied up to ${applied}`);
    }
    if (hardState === null) return;
    const { term, vote } = node.hard;
    if (hardState.term < term) this.#report(`${node.id} writes term ${hardState.term} over ${term}`);
    if (hardState.term === term && vote !== null && vote !== hardState.vote) {
      this.#report(
        `${node.id} changes its vote in term ${term} from ${vote} to ${hardState.vote ?? "nobody"}`,
      );
    }
  }

  commit(node: NodeView, commit: Index): void {
    if (commit <= node.commit) this.#report(`${node.id} commits ${commit} after ${node.commit}`);
  }

  apply(node: NodeView, { index, term }: Entry): void {
    if (!this.#committed.has(index)) this.#committed.set(index, { term, inTerm: node.soft.term });
    if (index <= node.applied) this.#report(`${node.id} applies ${index} after ${node.applied}`);
  }

  restore(node: NodeView, last: LogId): void {
    if (last.index < node.applied)
      this.#report(`${node.id} takes a snapshot at ${last.index} after ${node.applied}`);
  }

  /**
   * A batch may be long on its way to the disk: what it drops may lie below the commit index, but is never what was committed
   * in that term or before. A leader of an earlier term need not know of it: whoever still follows that one was not counted.
   */
  #dropped(node: NodeView, { truncateFrom, reset, entries, hardState }: AppendTask): void {
    const from = reset === null ? truncateFrom : reset.index + 1;
    if (from === null) return;
    const batchTerm = hardState?.term ?? node.soft.term;
    const kept = new Map(entries.map(({ index, term }) => [index, term]));
    for (let index = from; index <= node.log.lastIndex; index += 1) {
      const term = node.log.termAt(index);
      const committed = this.#committed.get(index);
      if (term === undefined || term !== committed?.term || kept.get(index) === term) continue;
      if (batchTerm < committed.inTerm) continue;
      this.#report(`${node.id} drops entry ${index} of term ${term}, which is committed`);
      return;
    }
  }

  #recoveredWhole(node: NodeView, { hardState, last }: Recovered): void {
    const { hard, durable, log } = node;
    const sameVote = hard.vote === null || hardState.vote === hard.vote;
    if (hardState.term < hard.term || (hardState.term === hard.term && !sameVote)) {
      this.#report(
        `${node.id} lost its term or vote: ${JSON.stringify(hard)} was durable, ${JSON.stringify(hardState)} is there`,
      );
    }
    const expected = [durable.last, log.last, ...node.installs()];
    if (!expected.some((one) => one.index === last.index && one.term === last.term)) {
      this.#report(
        `${node.id} lost its log: ${JSON.stringify(expected)} was expected, ${JSON.stringify(last)} is there`,
      );
    }
  }

  /** Tampered data may only be used when nothing that was ever promised is missing. */
  #recoveredDamaged(node: NodeView): void {
    const seq = node.durableSeq();
    if (seq < node.promisedSeq) {
      this.#report(
        `${node.id} opened damaged data at batch ${seq}, but promised what batch ${node.promisedSeq} holds`,
      );
    }
  }
}
