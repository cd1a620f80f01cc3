import { invariant } from "@flotilla/runtime";
import type { Entry } from "./entry.ts";
import { advanceCommit } from "./leader-log.ts";
import type { Append, AppendReply } from "./message.ts";
import type { RaftState } from "./state.ts";
import type { Progress } from "./tracker/progress.ts";
import { pursueTransfer } from "./transfer.ts";
import type { NodeId } from "./types.ts";

/** True when `sendAppends` would send something. */
export function hasAppends(s: RaftState): boolean {
  if (s.leading === null) return false;
  for (const progress of s.leading.progress.values()) {
    if (progress.isDue(s.log.last.index, s.log.commit, s.now.nowMs)) return true;
  }
  return false;
}

/** Sends every peer what is due and fits its window. */
export function sendAppends(s: RaftState): void {
  if (s.leading === null || !hasAppends(s)) return;
  for (const [id, progress] of s.leading.progress) {
    while (progress.isDue(s.log.last.index, s.log.commit, s.now.nowMs)) sendAppend(s, id, progress);
  }
}

/** When word of a commit that waits for entries leaves without them, monotonic ms; null: none waits. */
export function commitDeadlineMs(s: RaftState): number | null {
  if (s.leading === null) return null;
  let earliest: number | null = null;
  for (const progress of s.leading.progress.values()) {
    const dueMs = progress.commitDueMs(s.log.commit);
    if (dueMs !== null && (earliest === null || dueMs < earliest)) earliest = dueMs;
  }
  return earliest;
}

function sendAppend(s: RaftState, to: NodeId, progress: Progress): void {
  const { maxBatchBytes: maxBytes, maxBatchEntries: maxEntries } = s.limits;
  const prevIndex = progress.next - 1;
  const prevTerm = s.log.term(prevIndex);
  const { commit, last } = s.log;
  const entries = s.log.entries(progress.next, last.index, { maxBytes, maxEntries });
  if (prevTerm === null || entries === null) {
    progress.becomeSnapshot(s.log.snapshot.index);
    s.results.sendSnapshot.push(to);
    s.probe("raft-peer-needs-snapshot");
    return;
  }
  const message: Append = {
    type: "append",
    term: s.term,
    prev: { index: prevIndex, term: prevTerm },
    commit,
    entries,
  };
  if (!isContiguous(message)) invariant(false, "AppendContiguous", { prev: prevIndex });
  progress.sent(prevIndex + entries.length, sizeOf(entries), commit);
  s.outbox.send(to, message);
}

function sizeOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { frame } of entries) bytes += frame.length;
  return bytes;
}

/** True when the entries follow `prev` one by one, with terms that never decrease and none of a later term. */
export function isContiguous({ term, prev, entries }: Append): boolean {
  let { index, term: before } = prev;
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < before) return false;
    index = entry.index;
    before = entry.term;
  }
  return before <= term;
}

/** A peer says how far its log equals ours, or that it does not at the place we asked about. */
export function onAppendReply(s: RaftState, from: NodeId, { prevIndex, match, hint }: AppendReply): void {
  const progress = s.leading?.progress.get(from);
  if (progress === undefined) return;
  if (match === null) {
    if (hint !== null) progress.refused(prevIndex, s.log.sharedWith(hint).index);
    return;
  }
  const before = progress.match;
  progress.acknowledged(match, s.log.compacted.index);
  progress.catchUp?.heard(match, s.log.last.index, s.tick, s.electionTicks);
  advanceCommit(s);
  if (progress.match > before) pursueTransfer(s);
}
