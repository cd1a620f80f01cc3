import type { AppendTask, Entry, Index, LogId, Recovered, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Term, vote, log, commit and applied index never go back, also not over a restart. */
export class NoRegression implements OnlineChecker {
  readonly invariant: string = "NoRegression";
  readonly #report: Report;

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

  append(node: NodeView, { truncateFrom, reset, hardState }: AppendTask): void {
    const { soft, commit } = node;
    if (truncateFrom !== null && truncateFrom <= commit) {
      this.#report(`${node.id} drops its log from ${truncateFrom} on, but ${commit} is committed`);
    }
    const stepsDown = hardState !== null && hardState.term > soft.term;
    if (truncateFrom !== null && soft.role === "leader" && !stepsDown) {
      this.#report(`${node.id} leads term ${soft.term} and drops its log from ${truncateFrom} on`);
    }
    if (reset !== null && reset.index < commit) {
      this.#report(`${node.id} starts its log anew after ${reset.index}, but ${commit} is committed`);
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

  apply(node: NodeView, { index }: Entry): void {
    if (index <= node.applied) this.#report(`${node.id} applies ${index} after ${node.applied}`);
  }

  restore(node: NodeView, last: LogId): void {
    if (last.index < node.applied)
      this.#report(`${node.id} takes a snapshot at ${last.index} after ${node.applied}`);
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
