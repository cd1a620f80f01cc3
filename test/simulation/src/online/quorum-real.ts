import type { Index } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import type { Holder } from "./past-data.ts";
import { isMajority, isSame } from "./quorums.ts";

/**
 * A leader commits only what the disks of a majority certainly hold, of both halves when its configuration is joint,
 * and first an entry of its own term. What a disk held when it was damaged counts: it may have said so before.
 */
export class QuorumReal implements OnlineChecker {
  readonly invariant: string = "QuorumReal";
  readonly #report: Report;
  /** One for each data that ever spoke for a member. */
  readonly #members: () => readonly Holder[];

  constructor(report: Report, members: () => readonly Holder[]) {
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
    // Quick first: what is in a received snapshot alone takes long to find out.
    if (
      this.#isHeld(
        node,
        members.filter(({ durable }) => durable.holds(entry)),
      )
    )
      return;
    const holders = members.filter((member) => member.holdsDurably(entry));
    if (this.#isHeld(node, holders)) return;
    this.#report(
      `${node.id} commits entry ${commit}, which only ${holders.map(({ id }) => id).join(", ")} hold`,
    );
  }

  /** What commits in the turn of a change may do so by the configuration before it. */
  #isHeld({ inForce }: NodeView, holders: readonly Holder[]): boolean {
    return inForce.some((config) =>
      isMajority(config, (member) =>
        holders.some(({ id, incarnation }) => isSame(config, member, id, incarnation)),
      ),
    );
  }
}
