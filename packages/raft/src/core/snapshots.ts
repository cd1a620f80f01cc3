import type { SnapshotInstalled, SnapshotSaved, SnapshotSent } from "./event.ts";
import { rememberMembership } from "./membership.ts";
import type { SnapshotOffer } from "./message.ts";
import type { RaftState } from "./state.ts";
import type { Index, NodeId } from "./types.ts";

/** Says that everything up to `match` is here, durably. */
function acknowledge(s: RaftState, to: NodeId, match: Index): void {
  s.outbox.acknowledge(to, s.term, match, match, s.log.promisable);
}

/** The leader offers a snapshot. One that holds nothing new is acknowledged as a whole instead. Paper §7. */
export function onSnapshotOffer(s: RaftState, from: NodeId, offer: SnapshotOffer): void {
  const { last, timeMs, configuration, totalBytes, hash } = offer;
  if (last.index > s.log.commit) {
    const head = { last, timeMs, configuration, totalBytes, hash };
    s.results.receiveSnapshot.push({ from, head });
    return;
  }
  s.probe("raft-snapshot-not-news");
  acknowledge(s, from, s.log.commit);
  const done = { type: "snapshot-reply", term: s.term, last, received: totalBytes, done: true } as const;
  s.outbox.sendWhenDurable(from, done, s.gate(last.index));
}

/** A received snapshot is durable: the log follows it, and the leader is told. */
export function onSnapshotInstalled(s: RaftState, { last, timeMs, configuration }: SnapshotInstalled): void {
  rememberMembership(s);
  if (last.index <= s.log.commit) {
    s.probe("raft-snapshot-not-news");
  } else if (s.log.installSnapshot(last, timeMs)) {
    s.configs.reset(configuration);
  }
  if (s.leader !== null && s.leader !== s.id) acknowledge(s, s.leader, last.index);
}

/** Our own snapshot is durable: entries far enough behind it may go. */
export function onSnapshotSaved(s: RaftState, { last, compactTo }: SnapshotSaved): void {
  s.log.snapshotSaved(last);
  const boundary = s.log.compactTo(compactTo);
  if (boundary === null) return;
  rememberMembership(s);
  s.configs.compactTo(boundary.index);
  s.results.compactTo = boundary;
}

/** The transfer of a snapshot to a peer ended. */
export function onSnapshotSent(s: RaftState, { to, ok }: SnapshotSent): void {
  s.leading?.progress.get(to)?.snapshotSent(ok);
}
