import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { bound } from "./pace.ts";
import type { Pace } from "./pace.ts";

/** A leader whose disk hangs stops leading within two election timeouts. */
export class LeaderDisk implements OnlineChecker {
  readonly invariant: string = "LeaderDisk";
  readonly #report: Report;
  readonly #pace: Pace;

  constructor(report: Report, pace: Pace) {
    this.#report = report;
    this.#pace = pace;
  }

  moment(node: NodeView, nowMs: number): void {
    const { role, term } = node.soft;
    if (role !== "leader" || node.writingSinceMs === null) return;
    const sinceMs = Math.max(node.writingSinceMs, node.awakeSinceMs);
    if (nowMs - sinceMs <= bound(this.#pace, 2)) return;
    this.#report(
      `${node.id} leads term ${term} although its disk has not written for ${Math.round(nowMs - sinceMs)} ms`,
    );
  }
}
