import type { Index } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Members that applied the same entries hold the same state, also when one of them got there by a snapshot. */
export class DeterministicApply implements OnlineChecker {
  readonly invariant: string = "DeterministicApply";
  readonly #report: Report;
  readonly #digests = new Map<Index, { readonly digest: string; readonly node: string }>();

  constructor(report: Report) {
    this.#report = report;
  }

  digest(node: NodeView, index: Index, digest: string): void {
    const known = this.#digests.get(index);
    if (known === undefined) this.#digests.set(index, { digest, node: node.id });
    else if (known.digest !== digest) {
      this.#report(`after entry ${index}, ${node.id} has digest ${digest} and ${known.node} ${known.digest}`);
    }
  }
}
