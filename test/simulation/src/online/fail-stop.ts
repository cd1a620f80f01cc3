import type { Entry, Index } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Nobody goes past an entry whose apply threw: the member stops, for its state is nobody's any more. */
export class FailStop implements OnlineChecker {
  readonly invariant: string = "FailStop";
  readonly #report: Report;
  readonly #poison: () => Index | null;

  constructor(report: Report, poison: () => Index | null) {
    this.#report = report;
    this.#poison = poison;
  }

  apply(node: NodeView, { index }: Entry): void {
    const poison = this.#poison();
    if (poison !== null && index >= poison)
      this.#report(`${node.id} applied entry ${index}, although the apply of entry ${poison} threw`);
  }
}
