import type { RaftState } from "./state.ts";
import type { NodeId } from "./types.ts";

/** A hand-over of leadership under way. Dissertation §3.10. */
export interface Transfer {
  readonly to: NodeId;
  /** Given up at this tick. */
  readonly untilTick: number;
}

/** Who may lead next: the other voters, without those that a joint configuration lets go. */
function heirs(s: RaftState): readonly NodeId[] {
  return s.config.voters.map(({ id }) => id).filter((id) => id !== s.id);
}

/** The voter heard of late whose log is closest to ours; of equals the one with the smallest id. */
function closestPeer(s: RaftState): NodeId | null {
  let best: NodeId | null = null;
  let bestMatch = -1;
  for (const id of heirs(s)) {
    const progress = s.leading?.progress.get(id);
    if (
      progress === undefined ||
      s.tick - progress.heardTick > s.askEveryTicks ||
      progress.match <= bestMatch
    )
      continue;
    best = id;
    bestMatch = progress.match;
  }
  return best;
}

/**
 * Begins to hand leadership to `to`, or to the peer whose log is closest; false when nothing was begun. New entries
 * are refused meanwhile.
 */
export function beginTransfer(s: RaftState, to: NodeId | null): boolean {
  const { leading } = s;
  const target = to ?? closestPeer(s);
  if (leading === null || leading.transfer !== null || target === null || !heirs(s).includes(target)) {
    s.results.transferEnded = "refused";
    return false;
  }
  leading.transfer = { to: target, untilTick: s.tick + s.electionTicks };
  s.probe("raft-transfer");
  pursueTransfer(s);
  return true;
}

/**
 * Asks the target to campaign once it holds everything and everything is committed. Asked again with every
 * tick: request and vote may be lost.
 */
export function pursueTransfer(s: RaftState): void {
  const { leading } = s;
  if (leading === null || leading.transfer === null) return;
  const { to } = leading.transfer;
  const { last, commit } = s.log;
  if (commit < last.index || leading.progress.get(to)?.match !== last.index) return;
  leading.lease.revoke();
  s.outbox.send(to, { type: "timeout-now", term: s.term, last });
}

/** Gives up on a target that did not take over within an election timeout, and serves on. */
export function tickTransfer(s: RaftState): void {
  const { leading } = s;
  if (leading === null || leading.transfer === null) return;
  if (s.tick < leading.transfer.untilTick) {
    pursueTransfer(s);
    return;
  }
  leading.transfer = null;
  s.results.transferEnded = "aborted";
  s.probe("raft-transfer-aborted");
}
