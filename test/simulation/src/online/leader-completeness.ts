import type { Index, LogId, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Whoever gains leadership in a term holds everything that was committed in an earlier one. */
export class LeaderCompleteness implements OnlineChecker {
  readonly invariant: string = "LeaderCompleteness";
  readonly #report: Report;
  /** The last entry known committed in each term, or in one before it. */
  readonly #committed = new Map<number, LogId>();

  constructor(report: Report) {
    this.#report = report;
  }

  commit(node: NodeView, commit: Index): void {
    const term = node.log.termAt(commit);
    if (term === undefined || node.replaced) return;
    // A member learns of a commit in the term it happened in, or later.
    const known = this.#committed.get(node.soft.term);
    if ((known?.index ?? 0) < commit) this.#committed.set(node.soft.term, { index: commit, term });
  }

  soft(node: NodeView, { role, term }: SoftState, last: LogId): void {
    if (role !== "leader" || (node.soft.role === "leader" && node.soft.term === term)) return;
    for (const [committedIn, entry] of this.#committed) {
      if (committedIn >= term || node.log.holds(entry)) continue;
      this.#report(
        `${node.id} leads term ${term} with a log up to ${last.index} but without entry ${entry.index} of term ${entry.term}, committed in term ${committedIn}`,
      );
    }
  }
}
