import type { Configuration } from "./config/configuration.ts";
import type { RaftState } from "./state.ts";
import type { NodeId } from "./types.ts";

/** What a leader's lease counts on: that until then this node helps nobody else to lead, itself included. */
export interface Pledge {
  /** Null: to whoever led before this node started. When it pledged is not stored, so it keeps all of it. */
  readonly to: NodeId | null;
  /** Monotonic ms. */
  readonly untilMs: number;
}

/**
 * What an earlier life may have pledged. Whoever turned the setting off had given its lease up before: a committed `off`
 * frees. An uncommitted one may have been cut off in memory, with a pledge after that.
 */
export function earlierPledge(configurations: readonly Configuration[], untilMs: number): Pledge | null {
  return configurations.some(({ leaseReads }) => leaseReads) ? { to: null, untilMs } : null;
}

/**
 * Pledges an election timeout to the leader that was just heard and returns it, ms; 0 while the setting is not
 * applied here, or the next life would not keep it. One that is applied is found again after a restart.
 */
export function pledgeTo(s: RaftState, leader: NodeId): number {
  if (!s.config.leaseReads || s.config.index > s.log.applied || !s.mayPledge()) return 0;
  s.pledge = { to: leader, untilMs: s.now.nowMs + s.pledgeMs };
  return s.pledgeMs;
}

/** True while this node must not help `asker` to lead. A leader that asks for votes has no lease any more. */
export function isPledged({ pledge, now }: Pick<RaftState, "pledge" | "now">, asker: NodeId): boolean {
  return pledge !== null && pledge.to !== asker && now.nowMs < pledge.untilMs;
}
