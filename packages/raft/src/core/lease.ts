import type { Stamped } from "./event.ts";

/**
 * How far the rate of a member's monotonic clock may be off, either way: 2 %. While all of them keep to it, no lease
 * outlasts the pledges that it counts on. Beyond it a lease read may be stale; everything else stays safe.
 */
const driftBound = 0.02;

interface Round {
  readonly number: number;
  readonly sent: Stamped;
}

interface Grant extends Round {
  readonly lengthMs: number;
}

/** By whichever clock says more: a monotonic clock stands still in a suspended machine, a wall clock may be set back. */
function elapsedMs(since: Stamped, now: Stamped): number {
  return Math.max(now.nowMs - since.nowMs, now.wallMs - since.wallMs);
}

/**
 * What a leader knows of its voters' pledges to help nobody else. One is counted from when the heartbeat that it
 * answers was *sent*, and shortened by what both clocks may be off: it ends here before it ends there. Valid for one
 * term. Dissertation §6.4.1.
 */
export class LeaderLease {
  readonly #longestMs: number;
  // Invariant: ascending by number.
  #rounds: Round[] = [];
  // By incarnation: a member with other data has pledged nothing.
  readonly #grants = new Map<string, Grant>();
  #revoked = false;

  /** `longestMs`: rounds sent longer ago may be forgotten. */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Heartbeat round `number` leaves now. */
  sent(number: number, now: Stamped): void {
    const [oldest] = this.#rounds;
    // Not with every round: there may be one for every few reads.
    if (oldest !== undefined && elapsedMs(oldest.sent, now) >= 2 * this.#longestMs)
      this.#rounds = this.#rounds.filter(({ sent }) => elapsedMs(sent, now) < this.#longestMs);
    this.#rounds.push({ number, sent: now });
  }

  /** A voter answered round `number`; from when it received that, it helps nobody else for `pledgeMs` of its own clock. */
  granted(incarnation: string, number: number, pledgeMs: number): void {
    const round = this.#rounds.findLast((item) => item.number === number);
    const known = this.#grants.get(incarnation);
    if (round === undefined || (known !== undefined && known.number >= number)) return;
    this.#grants.set(incarnation, { ...round, lengthMs: (pledgeMs * (1 - driftBound)) / (1 + driftBound) });
  }

  /** True while that voter certainly helps nobody else. */
  countsOn(incarnation: string, now: Stamped): boolean {
    const grant = this.#grants.get(incarnation);
    return !this.#revoked && grant !== undefined && elapsedMs(grant.sent, now) < grant.lengthMs;
  }

  /** Gives the lease up for the rest of the term: somebody was asked to take over, and may do so at any time. */
  revoke(): void {
    this.#revoked = true;
  }
}
