import { invariant } from "@flotilla/runtime";
import type { Entry } from "./entry.ts";
import { advanceCommit } from "./leader-log.ts";
import type { Leadership } from "./leadership.ts";
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

/**
 * Sends every peer what is due and fits its window. Of what must be read back from the disk only one message leaves at a
 * time, so that nobody who was away holds up the turn: `hasAppends` stays true, and peers take turns.
 */
export function sendAppends(s: RaftState): void {
  const { leading } = s;
  if (leading === null || !hasAppends(s)) return;
  let readsFor = nextToReadFor(s, leading);
  for (const [id, progress] of leading.progress) {
    while (progress.isDue(s.log.last.index, s.log.commit, s.now.nowMs)) {
      if (s.log.isCold(progress.next)) {
        if (id !== readsFor) break;
        readsFor = null;
        leading.readFor = id;
      }
      sendAppend(s, id, progress);
    }
  }
}

/** Of the peers that are due entries no longer in memory, the one after whom it was last; null: none. */
function nextToReadFor(s: RaftState, { progress: all, readFor }: Leadership): NodeId | null {
  let first: NodeId | null = null;
  let isPast = false;
  for (const [id, progress] of all) {
    if (s.log.isCold(progress.next) && progress.isDue(s.log.last.index, s.log.commit, s.now.nowMs)) {
      if (isPast) return id;
      first ??= id;
    }
    isPast ||= id === readFor;
  }
  return first;
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
