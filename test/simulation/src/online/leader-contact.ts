import type { Configuration, LogId, Message, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { describeVoting, isMajority, isSame } from "./quorums.ts";
import { bound } from "./pace.ts";
import type { Pace } from "./pace.ts";

/** A leader that hears no majority stops leading within two election timeouts. Dissertation §6.2. */
export class LeaderContact implements OnlineChecker {
  readonly invariant: string = "LeaderContact";
  readonly #report: Report;
  readonly #pace: Pace;
  /** When each incarnation of each member was heard last. */
  readonly #heardMs = new Map<NodeView, Map<string, Map<string, number>>>();
  /** Since when it leads by the configuration it has. */
  readonly #leadsSinceMs = new Map<NodeView, { readonly config: Configuration; readonly sinceMs: number }>();

  constructor(report: Report, pace: Pace) {
    this.#report = report;
    this.#pace = pace;
  }

  soft(node: NodeView, { role, term }: SoftState, _last: LogId): void {
    if (role === "leader" && (node.soft.role !== "leader" || node.soft.term !== term)) this.#leads(node);
  }

  receive(node: NodeView, from: string, _message: Message, incarnation: string): void {
    let heard = this.#heardMs.get(node);
    if (heard === undefined) {
      heard = new Map();
      this.#heardMs.set(node, heard);
    }
    let times = heard.get(from);
    if (times === undefined) {
      times = new Map();
      heard.set(from, times);
    }
    times.set(incarnation, this.#pace.nowMs());
  }

  moment(node: NodeView, nowMs: number): void {
    if (node.soft.role !== "leader") return;
    const { configuration } = node;
    if (this.#leadsSinceMs.get(node)?.config !== configuration) this.#leads(node);
    const leastMs = nowMs - bound(this.#pace, 2);
    if (Math.max(this.#leadsSinceMs.get(node)?.sinceMs ?? nowMs, node.awakeSinceMs) > leastMs) return;
    const isHeard = isMajority(configuration, (member) => {
      if (isSame(configuration, member, node.id, node.incarnation)) return true;
      const times = this.#heardMs.get(node)?.get(member.id) ?? [];
      return [...times].some(
        ([incarnation, atMs]) => atMs > leastMs && isSame(configuration, member, member.id, incarnation),
      );
    });
    if (isHeard) return;
    this.#report(
      `${node.id} leads term ${node.soft.term} although no majority of ${describeVoting(configuration)} was heard within two election timeouts`,
    );
  }

  #leads(node: NodeView): void {
    this.#leadsSinceMs.set(node, { config: node.configuration, sinceMs: this.#pace.nowMs() });
  }
}
