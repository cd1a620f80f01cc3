import type { LogId, Message, Recovered, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { describeVoting, isMajority, isSame } from "./quorums.ts";

interface Heard {
  /** The latest term that anybody spoke of as one he is in. */
  term: number;
  /** The term a leader asked it to begin. */
  handedOver: number;
  /** Who would vote for it, by term: incarnations by id. */
  readonly grants: Map<number, Map<string, string>>;
}

/**
 * A member begins a term of its own accord only when a majority said that it would vote, or when the leader hands
 * over: one that nobody hears never raises its term, and so deposes nobody when it comes back. Dissertation §9.6.
 */
export class PreVoteFirst implements OnlineChecker {
  readonly invariant: string = "PreVoteFirst";
  readonly #report: Report;
  readonly #heard = new Map<NodeView, Heard>();

  constructor(report: Report) {
    this.#report = report;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#heard.delete(node);
  }

  receive(node: NodeView, from: string, message: Message, incarnation: string): void {
    const heard = this.#of(node);
    const { type, term } = message;
    if (type === "pre-vote") return;
    if (type === "pre-vote-reply" && message.granted) {
      const grants = heard.grants.get(term) ?? new Map<string, string>();
      heard.grants.set(term, grants.set(from, incarnation));
      return;
    }
    heard.term = Math.max(heard.term, term);
    if (type === "timeout-now") heard.handedOver = Math.max(heard.handedOver, term + 1);
  }

  soft(node: NodeView, { term }: SoftState, _last: LogId): void {
    if (term <= node.soft.term || !node.isOpen) return;
    const { term: latest, handedOver, grants } = this.#of(node);
    const willing = new Map([[node.id, node.incarnation], ...(grants.get(term) ?? [])]);
    const { configuration } = node;
    const isWanted = isMajority(configuration, (member) => {
      const incarnation = willing.get(member.id);
      return incarnation !== undefined && isSame(configuration, member, member.id, incarnation);
    });
    for (const known of grants.keys()) if (known <= term) grants.delete(known);
    if (term <= latest || term === handedOver || isWanted) return;
    this.#report(
      `${node.id} enters term ${term}, of which it never heard, while ${[...willing.keys()].join(" ")} would vote for it, of ${describeVoting(configuration)}`,
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
