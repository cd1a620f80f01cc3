import { invariant } from "@flotilla/runtime";
import { encodeEntry } from "./entry-codec.ts";
import type { Entry, EntryKind } from "./entry.ts";
import { reachedByQuorum } from "./quorum.ts";
import type { RaftState } from "./state.ts";
import type { Index } from "./types.ts";

/** Appends entries of this leader's term; returns the index of the first. `firstId`: see `Leadership`. */
export function appendOwn(
  s: RaftState,
  kind: EntryKind,
  payloads: readonly Uint8Array[],
  firstId: number | null,
): Index {
  const { leading } = s;
  invariant(leading !== null, "LeaderAppends");
  const firstIndex = s.log.last.index + 1;
  const timeMs = leading.stamp(s.now, s.log.lastTimeMs);
  const { term } = s;
  const entries: Entry[] = [];
  let bytes = 0;
  for (const payload of payloads) {
    bytes += payload.length;
    entries.push(encodeEntry({ index: firstIndex + entries.length, term, timeMs, kind, payload }));
  }
  s.log.append(entries);
  leading.appended({ firstIndex, count: entries.length, bytes, firstId });
  return firstIndex;
}

/**
 * Commits what a majority of the voters holds durably, this node among them if it votes, if it is of this term: an older
 * entry is committed only by a later one on top of it. Paper §5.4.2.
 */
export function advanceCommit(s: RaftState): void {
  const { leading } = s;
  if (leading === null) return;
  const index = reachedByQuorum(s.config, (id) =>
    id === s.id ? s.log.durable : (leading.progress.get(id)?.match ?? 0),
  );
  if (index <= s.log.commit || s.log.term(index) !== s.term) return;
  s.log.commitTo(index);
  leading.committed(index);
  // Nothing is under way that word of it could travel with.
  const isLast = index === s.log.last.index;
  const untilMs = s.now.nowMs + (isLast ? 0 : s.commitDelayMs);
  for (const progress of leading.progress.values()) progress.commitGrew(untilMs);
}

/** True once this leader has committed an entry of its own term. */
export function isEstablished(s: RaftState): boolean {
  return s.leading !== null && s.log.commit >= s.leading.firstIndex;
}
