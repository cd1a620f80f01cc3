import type { Message } from "./message.ts";
import type { HardState, Index, NodeId, Term } from "./types.ts";

/** What must be durable before a message may leave. */
export interface Gate {
  /** This term. */
  readonly term: Term;
  /** This vote in it; null: whichever. */
  readonly vote: NodeId | null;
  /** The log up to here; 0: nothing of it. */
  readonly index: Index;
}

export interface Addressed {
  readonly to: NodeId;
  readonly message: Message;
}

interface Gated extends Addressed {
  readonly gate: Gate;
}

/** What a leader is to be told once it is durable: our log equals its up to `match`. */
interface Owed {
  readonly term: Term;
  readonly prevIndex: Index;
  readonly match: Index;
  /** No less than this is worth telling. */
  readonly beyond: Index;
}

/** More wait only behind a disk that hangs: then all but the newest of each kind say nothing that still counts. */
const manyGated = 128;

/** Of each kind the newest to each receiver. */
function withoutOlder(messages: readonly Gated[]): Gated[] {
  const newest = new Map(messages.map((item) => [`${item.message.type} ${item.to}`, item]));
  return messages.filter((item) => newest.get(`${item.message.type} ${item.to}`) === item);
}

/**
 * Messages on their way out. A gated one leaves once what it promises is durable, and never when its term
 * is over: then the promise is void.
 */
export class Outbox {
  #free: Addressed[] = [];
  #gated: Gated[] = [];
  readonly #owed = new Map<NodeId, Owed>();

  /**
   * Leaves with the next release, before its own term is durable here if need be: for what promises neither a vote nor
   * entries. Proposals handed over, heartbeats answered and reads asked for are no promises. That the term exists is
   * durable with the candidate that began it, and one that a majority's durable votes have made leader stays the only
   * one of that term, whatever a power loss has this node forget.
   */
  send(to: NodeId, message: Message): void {
    this.#free.push({ to, message });
  }

  /** Leaves once `gate` holds. */
  sendWhenDurable(to: NodeId, message: Message, gate: Gate): void {
    this.#gated.push({ to, message, gate });
    if (this.#gated.length > manyGated) this.#gated = withoutOlder(this.#gated);
  }

  /**
   * Tells a leader that our log equals its up to `match`: once all of it is durable, and whenever more of it is before.
   * `durableIndex`: how much is now. One acknowledgement at most waits for each leader, as each says all that earlier
   * ones said.
   */
  acknowledge(to: NodeId, term: Term, prevIndex: Index, match: Index, durableIndex: Index): void {
    const known = this.#owed.get(to);
    const before = known?.term === term ? known : undefined;
    const beyond = Math.min(before?.beyond ?? match, durableIndex, match - 1);
    const isMore = before === undefined || match >= before.match;
    this.#owed.set(to, isMore ? { term, prevIndex, match, beyond } : { ...before, beyond });
  }

  /** A new link to that node: what waits was said to whoever was at the end of the last one, who may have been another. */
  forget(to: NodeId): void {
    this.#free = this.#free.filter((item) => item.to !== to);
    this.#gated = this.#gated.filter((item) => item.to !== to);
    this.#owed.delete(to);
  }

  /** True when `release` would return something. */
  hasRelease(durable: HardState, durableIndex: Index): boolean {
    if (this.#free.length > 0) return true;
    for (const owed of this.#owed.values()) if (isWorthTelling(owed, durable, durableIndex)) return true;
    for (const { gate } of this.#gated) if (holds(gate, durable, durableIndex)) return true;
    return false;
  }

  /** Takes out what may leave now and forgets what may never. */
  release(current: HardState, durable: HardState, durableIndex: Index): Addressed[] {
    const released = this.#free;
    this.#free = [];
    this.#releaseOwed(released, current, durable, durableIndex);
    if (this.#gated.length === 0) return released;
    const waiting: Gated[] = [];
    for (const item of this.#gated) {
      if (item.gate.term < current.term) continue;
      if (holds(item.gate, durable, durableIndex)) released.push({ to: item.to, message: item.message });
      else waiting.push(item);
    }
    this.#gated = waiting;
    return released;
  }

  #releaseOwed(released: Addressed[], current: HardState, durable: HardState, durableIndex: Index): void {
    for (const [to, owed] of this.#owed) {
      if (owed.term < current.term) this.#owed.delete(to);
      if (owed.term < current.term || !isWorthTelling(owed, durable, durableIndex)) continue;
      const { term } = owed;
      const match = Math.min(owed.match, durableIndex);
      const prevIndex = Math.min(owed.prevIndex, match);
      released.push({ to, message: { type: "append-reply", term, prevIndex, match, hint: null } });
      if (match === owed.match) this.#owed.delete(to);
      else this.#owed.set(to, { ...owed, beyond: match });
    }
  }
}

function isWorthTelling(owed: Owed, durable: HardState, durableIndex: Index): boolean {
  return durable.term === owed.term && Math.min(owed.match, durableIndex) > owed.beyond;
}

function holds(gate: Gate, durable: HardState, durableIndex: Index): boolean {
  if (durable.term !== gate.term || durableIndex < gate.index) return false;
  return gate.vote === null || durable.vote === gate.vote;
}
