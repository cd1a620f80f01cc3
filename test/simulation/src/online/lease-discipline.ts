import type { LogId, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Whoever answers reads from a lease leads the newest term that anybody ever led: clocks keep to their bound here. */
export class LeaseDiscipline implements OnlineChecker {
  readonly invariant: string = "LeaseDiscipline";
  readonly #report: Report;
  #newest = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  soft(node: NodeView, { role, term }: SoftState, _last: LogId): void {
    if (role === "leader" && !node.replaced) this.#newest = Math.max(this.#newest, term);
  }

  leaseReads(node: NodeView, term: number): void {
    if (term < this.#newest && !node.replaced)
      this.#report(
        `${node.id} answers from its lease of term ${term}, while term ${this.#newest} had a leader`,
      );
  }
}
