import type { SnapshotInstalled, SnapshotSaved, SnapshotSent } from "./event.ts";
import type { SnapshotChunk } from "./message.ts";
import type { RaftState } from "./state.ts";
import type { Index, NodeId } from "./types.ts";

/** Says that everything up to `match` is here, durably. */
function acknowledge(s: RaftState, to: NodeId, match: Index): void {
  const reply = { type: "append-reply", term: s.term, prevIndex: match, match, hint: null } as const;
  s.outbox.sendWhenDurable(to, reply, s.gate(match));
}

/** A slice of the leader's snapshot. One that holds nothing new is acknowledged as a whole instead. */
export function onSnapshotChunk(s: RaftState, from: NodeId, chunk: SnapshotChunk): void {
  if (chunk.last.index > s.log.commit) {
    s.results.receiveSnapshot.push({ from, chunk });
    return;
  }
  s.probe("raft-snapshot-not-news");
  acknowledge(s, from, s.log.commit);
  const done = {
    type: "snapshot-reply",
    term: s.term,
    last: chunk.last,
    received: chunk.totalBytes,
  } as const;
  s.outbox.sendWhenDurable(from, done, s.gate(chunk.last.index));
}

/** A received snapshot is durable: the log follows it, and the leader is told. */
export function onSnapshotInstalled(s: RaftState, { last, timeMs, configuration }: SnapshotInstalled): void {
  if (last.index <= s.log.commit) {
    s.probe("raft-snapshot-not-news");
  } else if (s.log.installSnapshot(last, timeMs)) {
    s.configs.reset(configuration);
  }
  if (s.leader !== null && s.leader !== s.id) acknowledge(s, s.leader, last.index);
}

/** Our own snapshot is durable: entries that far behind it may go. */
export function onSnapshotSaved(s: RaftState, { last }: SnapshotSaved): void {
  s.log.snapshotSaved(last);
  const boundary = s.log.compactTo(s.log.snapshot.index - s.trailingEntries);
  if (boundary === null) return;
  s.configs.compactTo(boundary.index);
  s.results.compactTo = boundary;
}

/** The stream of a snapshot to a peer ended. */
export function onSnapshotSent(s: RaftState, { to, ok }: SnapshotSent): void {
  s.leading?.progress.get(to)?.snapshotSent(ok);
}
