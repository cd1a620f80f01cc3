import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** No member of a world lies, so nobody may be taken for a liar. */
export class HonestPeers implements OnlineChecker {
  readonly invariant: string = "HonestPeers";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  refused(node: NodeView, from: string, reason: string): void {
    this.#report(`${node.id} refused a message of ${from}: ${reason}`);
  }
}
