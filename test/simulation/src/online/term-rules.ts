import type { Message, Recovered } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { isLeaders } from "./pace.ts";
import { names } from "./quorums.ts";

interface Owed {
  readonly sinceMs: number;
  /** The least term it must be in. */
  readonly term: number;
  /** Whom it must follow if it is in exactly that term; null: nobody in particular. */
  readonly leader: string | null;
}

/** Who speaks as the leader of an earlier term, and was not told. */
interface Untold {
  readonly sinceMs: number;
  readonly term: number;
  readonly heard: number;
}

const graceMs = 100;
/** A message on its way may be lost with its link: so often a leader must have been heard in vain. */
const mostHeard = 3;

/**
 * A later term in any message is taken up, the leader of the own term is followed, and one of an earlier term is told
 * the later one. Paper §5.1, §5.2.
 */
export class TermRules implements OnlineChecker {
  readonly invariant: string = "TermRules";
  readonly #report: Report;
  readonly #nowMs: () => number;
  readonly #owed = new Map<NodeView, Owed>();
  readonly #untold = new Map<NodeView, Map<string, Untold>>();

  constructor(report: Report, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#owed.delete(node);
    this.#untold.delete(node);
  }

  send(node: NodeView, to: string, message: Message): void {
    if (binds(message) && message.term >= node.soft.term) this.#untold.get(node)?.delete(to);
  }

  receive(node: NodeView, from: string, message: Message, incarnation: string): void {
    const { term } = message;
    if (!isOfAnybody(message) && !node.inForce.some((config) => names(config, from, incarnation))) return;
    if (isLeaders(message) && term < node.soft.term) return this.#outdated(node, from);
    const owed = this.#owed.get(node);
    const least = Math.max(node.soft.term, owed?.term ?? 0);
    if (isLeaders(message) ? term < least : term <= least || !binds(message)) return;
    const isNew = term > least || (owed?.leader ?? node.soft.leader) !== from;
    if (!isNew) return;
    this.#owed.set(node, { sinceMs: this.#nowMs(), term, leader: isLeaders(message) ? from : null });
  }

  #outdated(node: NodeView, from: string): void {
    const { term } = node.soft;
    if (node.hard.term < term) return;
    const untold = this.#untold.get(node) ?? new Map<string, Untold>();
    this.#untold.set(node, untold);
    const before = untold.get(from);
    const { sinceMs, heard } = before?.term === term ? before : { sinceMs: this.#nowMs(), heard: 0 };
    untold.set(from, { sinceMs, term, heard: heard + 1 });
  }

  /** The answer leaves once the term is durable. */
  #tells(node: NodeView, nowMs: number): void {
    const untold = this.#untold.get(node);
    if (untold === undefined) return;
    if (node.writing.size > 0) untold.clear();
    for (const [from, { sinceMs, heard, term }] of untold) {
      if (node.awakeSinceMs > sinceMs) untold.delete(from);
      else if (heard >= mostHeard && nowMs - sinceMs >= graceMs) {
        untold.delete(from);
        this.#report(`${node.id} heard ${from} lead an earlier term and did not tell it of ${term}`);
      }
    }
  }

  moment(node: NodeView, nowMs: number): void {
    this.#tells(node, nowMs);
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

/** Whoever campaigns or leads is heard, for it may be this node that does not know yet; others only as members. */
function isOfAnybody(message: Message): boolean {
  return isLeaders(message) || message.type === "vote" || message.type === "pre-vote";
}

/** A pre-vote and its grant speak of a term that nobody has entered; a loyal member passes over a vote. */
function binds(message: Message): boolean {
  if (message.type === "pre-vote") return false;
  if (message.type === "pre-vote-reply") return !message.granted;
  return message.type !== "vote" || message.transfer;
}
