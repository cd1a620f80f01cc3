import type { Message } from "@flotilla/raft";

/** How fast a cluster reacts, by its options. */
export interface Pace {
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly nowMs: () => number;
}

/** Clocks run off by 2 %, ticks come one at a time, and callbacks may be slow: what is late by this is late. */
export function bound({ electionTimeoutMs, heartbeatMs }: Pace, timeouts: number): number {
  return timeouts * electionTimeoutMs * 1.03 + 2 * heartbeatMs + 200;
}

/** True for what only a leader sends of its own accord. */
export function isLeaders({ type }: Message): boolean {
  return type === "append" || type === "heartbeat" || type === "snapshot-offer";
}
