import type { LogId, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

const graceMs = 150;
/** So often in a row something may come in just before it is looked for. */
const mostArrivals = 4;

/**
 * A leader that steps down tells everybody whose proposal it took that the outcome is unknown. Once it had
 * committed an entry of its term, nothing older is in doubt, and without a leader nothing new is taken up.
 */
export class SettledCalls implements OnlineChecker {
  readonly invariant: string = "SettledCalls";
  readonly #report: Report;
  readonly #nowMs: () => number;
  /** When members stopped leading that have had no leader since, and how often something was found to wait there. */
  readonly #deposed = new Map<NodeView, { readonly sinceMs: number; readonly found: number }>();

  constructor(report: Report, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  soft(node: NodeView, { role, leader }: SoftState, _last: LogId): void {
    if (role === "leader" || leader !== null) this.#deposed.delete(node);
    else if (node.soft.established) this.#deposed.set(node, { sinceMs: this.#nowMs(), found: 0 });
  }

  moment(node: NodeView, nowMs: number): void {
    const deposed = this.#deposed.get(node);
    if (deposed === undefined) return;
    const { sinceMs, found } = deposed;
    if (nowMs - Math.max(sinceMs, node.awakeSinceMs) < graceMs) return;
    const waiting = node.waitingProposals();
    // What is committed is decided when it is applied; what came just now is refused in the next turn.
    if (waiting === 0 || node.applied < node.commit) this.#deposed.delete(node);
    else if (found < mostArrivals) this.#deposed.set(node, { sinceMs, found: found + 1 });
    else {
      this.#deposed.delete(node);
      this.#report(`${node.id} stopped leading and left ${waiting} proposals without an outcome`);
    }
  }
}
