import type { Entry, Index, Message } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

type Of<Type extends Message["type"]> = Extract<Message, { type: Type }>;

/** At every send, the sender's disk certainly holds what the message promises; what is applied is durable. */
export class DurableBeforeAck implements OnlineChecker {
  readonly invariant: string = "DurableBeforeAck";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  send(node: NodeView, to: string, message: Message): void {
    switch (message.type) {
      case "vote":
      case "append":
      case "heartbeat":
        this.#vote(node, message, node.id);
        break;
      case "vote-reply":
        if (message.granted) this.#vote(node, message, to);
        else this.#term(node, message);
        break;
      case "append-reply":
        this.#term(node, message);
        if (message.match !== null) this.#entries(node, message, message.match);
        break;
      case "snapshot-reply":
        this.#snapshot(node, message);
        break;
      default:
        return;
    }
    node.promised();
  }

  apply(node: NodeView, { index, term }: Entry): void {
    if (!node.durable.holds({ index, term }))
      this.#report(`${node.id} applies entry ${index}, which is not durable there`);
    node.promised();
  }

  commit(node: NodeView, _commit: Index): void {
    if (node.soft.role === "leader") node.promised();
  }

  #term(node: NodeView, message: Message): void {
    if (node.hard.term < message.term) this.#broken(node, message, `durable term ${node.hard.term}`);
  }

  #vote(node: NodeView, message: Message, candidate: string): void {
    const vote = node.votes.get(message.term) ?? "nobody";
    if (vote !== candidate) this.#broken(node, message, `durable vote for ${vote}`);
  }

  #entries(node: NodeView, message: Of<"append-reply">, match: Index): void {
    const { durable, log } = node;
    const term = log.termAt(match);
    if (term === undefined ? match <= durable.base.index : durable.holds({ index: match, term })) return;
    this.#broken(node, message, `match ${match}, durable up to ${durable.lastIndex}`);
  }

  #snapshot(node: NodeView, message: Of<"snapshot-reply">): void {
    const { last, done } = message;
    if (!done || node.holdsDurably(last)) return;
    this.#broken(node, message, `snapshot ${last.index}, durable up to ${node.durable.lastIndex}`);
  }

  #broken(node: NodeView, message: Message, found: string): void {
    this.#report(`${node.id} sends ${message.type} of term ${message.term} with ${found}`);
  }
}
