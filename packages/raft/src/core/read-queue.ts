import type { Index, NodeId } from "./types.ts";

/** A read that waits for confirmation: a local one, or one that a peer asked for under its own number. */
export interface PendingRead {
  readonly peer: NodeId | null;
  readonly id: number;
}

/** Reads that share one confirmation round. */
export interface ReadRound {
  readonly round: number;
  readonly index: Index;
  readonly reads: readonly PendingRead[];
}

/**
 * Reads on the leader. One is confirmed only by answers to a heartbeat round that began after it was
 * received, and rounds are numbered by the leader alone.
 */
export class ReadQueue {
  #waiting: PendingRead[] = [];
  // Invariant: ascending by round.
  #rounds: ReadRound[] = [];
  #size = 0;

  /** Reads not answered yet. */
  get size(): number {
    return this.#size;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get hasRound(): boolean {
    return this.#rounds.length > 0;
  }

  add(read: PendingRead): void {
    this.#waiting.push(read);
    this.#size += 1;
  }

  /** Round `round` begins with commit index `index`: every read received so far shares it. */
  begin(round: number, index: Index): void {
    if (this.#waiting.length === 0) return;
    this.#rounds.push({ round, index, reads: this.#waiting });
    this.#waiting = [];
  }

  /** Takes out what a quorum confirmed by answering `round` or a later one. */
  confirm(round: number): ReadRound[] {
    const confirmed = this.#rounds.filter((item) => item.round <= round);
    if (confirmed.length === 0) return confirmed;
    this.#rounds = this.#rounds.slice(confirmed.length);
    for (const { reads } of confirmed) this.#size -= reads.length;
    return confirmed;
  }

  /** Takes out everything. */
  clear(): PendingRead[] {
    const all = [...this.#rounds.flatMap(({ reads }) => reads), ...this.#waiting];
    this.#rounds = [];
    this.#waiting = [];
    this.#size = 0;
    return all;
  }
}
