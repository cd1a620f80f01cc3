import type { Entry, Index } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/**
 * A read of the log shows everything that was committed anywhere before it was asked for, and only once it is
 * applied where it was asked. Dissertation §6.4.
 */
export class ReadPoints implements OnlineChecker {
  readonly invariant: string = "ReadPoints";
  readonly #report: Report;
  #committed: Index = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Committed anywhere, so far. */
  get committed(): Index {
    return this.#committed;
  }

  commit(node: NodeView, commit: Index): void {
    if (!node.replaced) this.#committed = Math.max(this.#committed, commit);
  }

  apply(node: NodeView, { index }: Entry): void {
    if (!node.replaced) this.#committed = Math.max(this.#committed, index);
  }

  /** A read of a member was answered; `least` was committed when it was asked. */
  answered(node: NodeView, index: Index, least: Index): void {
    if (index < least)
      this.#report(`${node.id} answers a read with entry ${index}, but ${least} was committed before`);
    if (node.applied < index)
      this.#report(`${node.id} answers a read with entry ${index}, but has applied ${node.applied}`);
  }
}
