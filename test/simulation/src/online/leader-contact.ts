import type { LogId, Message, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { bound } from "./pace.ts";
import type { Pace } from "./pace.ts";

/** A leader that hears no majority stops leading within two election timeouts. Dissertation §6.2. */
export class LeaderContact implements OnlineChecker {
  readonly invariant: string = "LeaderContact";
  readonly #report: Report;
  readonly #pace: Pace;
  readonly #voters: () => number;
  readonly #heardMs = new Map<NodeView, Map<string, number>>();
  readonly #leadsSinceMs = new Map<NodeView, number>();

  constructor(report: Report, pace: Pace, voters: () => number) {
    this.#report = report;
    this.#pace = pace;
    this.#voters = voters;
  }

  soft(node: NodeView, { role, term }: SoftState, _last: LogId): void {
    if (role === "leader" && (node.soft.role !== "leader" || node.soft.term !== term))
      this.#leadsSinceMs.set(node, this.#pace.nowMs());
  }

  receive(node: NodeView, from: string, _message: Message): void {
    const heard = this.#heardMs.get(node) ?? new Map<string, number>();
    this.#heardMs.set(node, heard.set(from, this.#pace.nowMs()));
  }

  moment(node: NodeView, nowMs: number): void {
    if (node.soft.role !== "leader") return;
    const leastMs = nowMs - bound(this.#pace, 2);
    if (Math.max(this.#leadsSinceMs.get(node) ?? nowMs, node.awakeSinceMs) > leastMs) return;
    const heard = [...(this.#heardMs.get(node)?.values() ?? [])].filter((atMs) => atMs > leastMs);
    if ((heard.length + 1) * 2 > this.#voters()) return;
    this.#report(
      `${node.id} leads term ${node.soft.term} although ${heard.length} others of ${this.#voters()} members were heard within two election timeouts`,
    );
  }
}
