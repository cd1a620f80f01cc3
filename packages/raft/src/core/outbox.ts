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

function isAcknowledgement({ message }: Addressed): boolean {
  return message.type === "append-reply" && message.match !== null;
}

function hasSeveralAcknowledgements(messages: readonly Addressed[]): boolean {
  let count = 0;
  for (const item of messages) if (isAcknowledgement(item)) count += 1;
  return count > 1;
}

/** An acknowledgement says everything that earlier ones to the same leader said. */
function withoutSuperseded(messages: Addressed[]): Addressed[] {
  if (!hasSeveralAcknowledgements(messages)) return messages;
  const newest = new Map<NodeId, number>();
  const kept: (Addressed | null)[] = [...messages];
  for (const [position, { to, message }] of messages.entries()) {
    if (message.type !== "append-reply" || message.match === null) continue;
    const earlier = newest.get(to);
    const before = earlier === undefined ? undefined : messages[earlier]?.message;
    if (earlier !== undefined && before?.type === "append-reply" && (before.match ?? 0) <= message.match) {
      kept[earlier] = null;
    }
    newest.set(to, position);
  }
  return kept.filter((item) => item !== null);
}

/**
 * Messages on their way out. A gated one leaves once what it promises is durable, and never when its term
 * is over: then the promise is void.
 */
export class Outbox {
  #free: Addressed[] = [];
  #gated: Gated[] = [];

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
  }

  /** A new link to that node: what waits was said to whoever was at the end of the last one, who may have been another. */
  forget(to: NodeId): void {
    this.#free = this.#free.filter((item) => item.to !== to);
    this.#gated = this.#gated.filter((item) => item.to !== to);
  }

  /** True when `release` would return something. */
  hasRelease(durable: HardState, durableIndex: Index): boolean {
    if (this.#free.length > 0) return true;
    for (const { gate } of this.#gated) if (holds(gate, durable, durableIndex)) return true;
    return false;
  }

  /** Takes out what may leave now and forgets what may never. */
  release(current: HardState, durable: HardState, durableIndex: Index): Addressed[] {
    const released = this.#free;
    this.#free = [];
    if (this.#gated.length === 0) return withoutSuperseded(released);
    const waiting: Gated[] = [];
    for (const item of this.#gated) {
      if (item.gate.term < current.term) continue;
      if (holds(item.gate, durable, durableIndex)) released.push({ to: item.to, message: item.message });
      else waiting.push(item);
    }
    this.#gated = waiting;
    return withoutSuperseded(released);
  }
}

function holds(gate: Gate, durable: HardState, durableIndex: Index): boolean {
  if (durable.term !== gate.term || durableIndex < gate.index) return false;
  return gate.vote === null || durable.vote === gate.vote;
}
