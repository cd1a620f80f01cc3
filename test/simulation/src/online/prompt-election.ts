import type { LogId, Message, Recovered, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { bound, isLeaders } from "./pace.ts";
import type { Pace } from "./pace.ts";

/**
 * Whoever hears no leader asks for votes within two election timeouts. Only a leader, a vote of its own and an own
 * try make a voter wait anew: a candidate that is refused does not. Paper §5.2.
 */
export class PromptElection implements OnlineChecker {
  readonly invariant: string = "PromptElection";
  readonly #report: Report;
  readonly #pace: Pace;
  readonly #waitsSinceMs = new Map<NodeView, number>();

  constructor(report: Report, pace: Pace) {
    this.#report = report;
    this.#pace = pace;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#anew(node);
  }

  soft(node: NodeView, { role }: SoftState, _last: LogId): void {
    if (role !== node.soft.role) this.#anew(node);
  }

  receive(node: NodeView, _from: string, message: Message): void {
    if (isLeaders(message) && message.term >= node.soft.term) this.#anew(node);
  }

  send(node: NodeView, _to: string, message: Message): void {
    const isTry = message.type === "pre-vote" || message.type === "vote";
    if (isTry || (message.type === "vote-reply" && message.granted)) this.#anew(node);
  }

  moment(node: NodeView, nowMs: number): void {
    const { role, term } = node.soft;
    const { electionTimeoutMs } = this.#pace;
    // A member whose disk hangs must not lead; the log waits for other files too.
    const hangs = node.isDiskSlowerThan(electionTimeoutMs / 2, nowMs);
    if (role === "leader" || hangs || !node.isVoter) return this.#anew(node);
    const sinceMs = Math.max(this.#waitsSinceMs.get(node) ?? nowMs, node.awakeSinceMs);
    if (nowMs - sinceMs <= bound(this.#pace, 2)) return;
    this.#report(
      `${node.id} hears no leader in term ${term} and asks for no votes for ${Math.round(nowMs - sinceMs)} ms`,
    );
  }

  #anew(node: NodeView): void {
    this.#waitsSinceMs.set(node, this.#pace.nowMs());
  }
}
