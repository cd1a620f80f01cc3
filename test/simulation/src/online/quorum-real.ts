import type { Index } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** A leader commits only what the disks of a majority certainly hold, and first an entry of its own term. */
export class QuorumReal implements OnlineChecker {
  readonly invariant: string = "QuorumReal";
  readonly #report: Report;
  readonly #members: () => readonly NodeView[];

  constructor(report: Report, members: () => readonly NodeView[]) {
    this.#report = report;
    this.#members = members;
  }

  commit(node: NodeView, commit: Index): void {
    const { role, term } = node.soft;
    if (role !== "leader" || commit <= node.durable.base.index) return;
    const entryTerm = node.log.termAt(commit);
    if (entryTerm === undefined) return;
    if (entryTerm !== term) {
      this.#report(
        `${node.id} leads term ${term} and commits entry ${commit} of term ${entryTerm} on its own account`,
      );
    }
    const members = this.#members();
    const entry = { index: commit, term: entryTerm };
    if (members.filter(({ durable }) => durable.holds(entry)).length * 2 > members.length) return;
    const holders = members.filter((member) => member.holdsDurably(entry));
    if (holders.length * 2 > members.length) return;
    this.#report(
      `${node.id} commits entry ${commit}, which only ${holders.map(({ id }) => id).join(", ")} hold`,
    );
  }
}
