import type { LogId, Message, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** One leader a term, ever; one vote a term and member, ever. Two lives of a member, and two incarnations under its name, count as two. */
export class ElectionSafety implements OnlineChecker {
  readonly invariant: string = "ElectionSafety";
  readonly #report: Report;
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<NodeView, Map<number, string>>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Terms that had a leader, so far. */
  get terms(): number {
    return this.#leaders.size;
  }

  soft(node: NodeView, { role, term }: SoftState, _last: LogId): void {
    if (role !== "leader" || node.replaced) return;
    const name = `${node.id} ${node.incarnation}, life ${node.life}`;
    const other = this.#leaders.get(term) ?? name;
    this.#leaders.set(term, other);
    if (other !== name) this.#report(`term ${term} is led by ${other} and by ${name}`);
  }

  send(node: NodeView, to: string, message: Message): void {
    if (node.replaced) return;
    if (message.type === "vote") this.#voted(node, message.term, node.id);
    if (message.type === "vote-reply" && message.granted) this.#voted(node, message.term, to);
  }

  #voted(node: NodeView, term: number, candidate: string): void {
    const votes = this.#votes.get(node) ?? new Map<number, string>();
    const other = votes.get(term) ?? candidate;
    this.#votes.set(node, votes.set(term, other));
    if (other !== candidate) this.#report(`${node.id} voted for ${other} and ${candidate} in term ${term}`);
  }
}
