import type { LogId, Message, Recovered, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

interface Heard {
  /** The latest term that anybody spoke of as one he is in. */
  term: number;
  /** The term a leader asked it to begin. */
  handedOver: number;
  /** Who would vote for it, by term. */
  readonly grants: Map<number, Set<string>>;
}

/**
 * A member begins a term of its own accord only when a majority said that it would vote, or when the leader hands
 * over: one that nobody hears never raises its term, and so deposes nobody when it comes back. Dissertation §9.6.
 */
export class PreVoteFirst implements OnlineChecker {
  readonly invariant: string = "PreVoteFirst";
  readonly #report: Report;
  readonly #voters: () => number;
  readonly #heard = new Map<NodeView, Heard>();

  constructor(report: Report, voters: () => number) {
    this.#report = report;
    this.#voters = voters;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#heard.delete(node);
  }

  receive(node: NodeView, from: string, message: Message): void {
    const heard = this.#of(node);
    const { type, term } = message;
    if (type === "pre-vote") return;
    if (type === "pre-vote-reply" && message.granted) {
      const grants = heard.grants.get(term) ?? new Set();
      heard.grants.set(term, grants.add(from));
      return;
    }
    heard.term = Math.max(heard.term, term);
    if (type === "timeout-now") heard.handedOver = Math.max(heard.handedOver, term + 1);
  }

  soft(node: NodeView, { term }: SoftState, _last: LogId): void {
    if (term <= node.soft.term || !node.isOpen) return;
    const { term: latest, handedOver, grants } = this.#of(node);
    const willing = 1 + (grants.get(term)?.size ?? 0);
    for (const known of grants.keys()) if (known <= term) grants.delete(known);
    if (term <= latest || term === handedOver || willing * 2 > this.#voters()) return;
    this.#report(
      `${node.id} enters term ${term}, of which it never heard, with ${willing} of ${this.#voters()} who would vote for it`,
    );
  }

  #of(node: NodeView): Heard {
    let heard = this.#heard.get(node);
    if (heard === undefined) {
      heard = { term: 0, handedOver: 0, grants: new Map() };
      this.#heard.set(node, heard);
    }
    return heard;
  }
}
