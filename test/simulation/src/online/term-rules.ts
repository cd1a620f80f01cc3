import type { Message, Recovered } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { isLeaders } from "./pace.ts";

interface Owed {
  readonly sinceMs: number;
  /** The least term it must be in. */
  readonly term: number;
  /** Whom it must follow if it is in exactly that term; null: nobody in particular. */
  readonly leader: string | null;
}

const graceMs = 100;

/** A later term in any message is taken up, and the leader of the own term is followed. Paper §5.1, §5.2. */
export class TermRules implements OnlineChecker {
  readonly invariant: string = "TermRules";
  readonly #report: Report;
  readonly #nowMs: () => number;
  readonly #owed = new Map<NodeView, Owed>();

  constructor(report: Report, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#owed.delete(node);
  }

  receive(node: NodeView, from: string, message: Message): void {
    const { term } = message;
    const owed = this.#owed.get(node);
    const least = Math.max(node.soft.term, owed?.term ?? 0);
    if (isLeaders(message) ? term < least : term <= least || !binds(message)) return;
    const isNew = term > least || (owed?.leader ?? node.soft.leader) !== from;
    if (!isNew) return;
    this.#owed.set(node, { sinceMs: this.#nowMs(), term, leader: isLeaders(message) ? from : null });
  }

  moment(node: NodeView, nowMs: number): void {
    const owed = this.#owed.get(node);
    if (owed === undefined || nowMs - owed.sinceMs < graceMs) return;
    this.#owed.delete(node);
    if (node.awakeSinceMs > owed.sinceMs) return;
    const { term, leader } = node.soft;
    if (term < owed.term) this.#report(`${node.id} heard of term ${owed.term} and stays in term ${term}`);
    else if (term === owed.term && owed.leader !== null && leader !== owed.leader)
      this.#report(
        `${node.id} heard ${owed.leader} lead term ${term} and follows ${leader ?? "nobody"} in it`,
      );
  }
}

/** A pre-vote and its grant speak of a term that nobody has entered; a loyal member passes over a vote. */
function binds(message: Message): boolean {
  if (message.type === "pre-vote") return false;
  if (message.type === "pre-vote-reply") return !message.granted;
  return message.type !== "vote" || message.transfer;
}
