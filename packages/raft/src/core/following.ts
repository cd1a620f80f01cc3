import { invariant } from "@flotilla/runtime";
import { decodeConfiguration } from "./config/config-codec.ts";
import type { Entry } from "./entry.ts";
import type { Append } from "./message.ts";
import type { RaftState } from "./state.ts";
import type { Index, LogId, NodeId } from "./types.ts";

/**
 * True when an append need not be answered: it only told of a commit, and the leader was told `match` before.
 * Should that answer be lost, the leader asks again, with no news then.
 */
function isAnswered(s: RaftState, message: Append, match: Index, isNews: boolean): boolean {
  return isNews && message.entries.length === 0 && s.answered.term === s.term && match <= s.answered.index;
}

function accept(s: RaftState, from: NodeId, prevIndex: Index, match: Index): void {
  s.answered = { term: s.term, index: match };
  s.outbox.acknowledge(from, s.term, prevIndex, match, s.log.promisable);
}

function refuse(s: RaftState, from: NodeId, prev: LogId): void {
  const hint = s.log.sharedWith(prev);
  s.outbox.sendWhenDurable(
    from,
    { type: "append-reply", term: s.term, prevIndex: prev.index, match: null, hint },
    s.gate(0),
  );
}

/** Keeps what is there already and replaces only what differs: a late, shorter append must not cut anything off. */
function merge(s: RaftState, entries: readonly Entry[]): void {
  const firstNew = entries.findIndex((entry) => s.log.term(entry.index) !== entry.term);
  if (firstNew === -1) return;
  const fresh = firstNew === 0 ? entries : entries.slice(firstNew);
  const from = fresh[0]?.index ?? 0;
  if (from <= s.log.last.index) {
    s.probe("raft-log-conflict");
    s.log.truncateFrom(from);
    s.configs.truncateFrom(from);
  }
  s.log.append(fresh);
  for (const entry of fresh) {
    if (entry.kind === "config") s.configs.append(decodeConfiguration(entry.payload, entry.index));
  }
}

/** The leader adds to our log, with an append that was found sound. Paper §5.3. */
export function onAppend(s: RaftState, from: NodeId, message: Append): void {
  const { prev, commit } = message;
  // Its leader takes it for lost, and sends it again.
  if (message.entries.length > 0 && s.isLogFull) return s.probe("raft-append-put-off");
  const known = s.log.commit - prev.index;
  const entries = known > 0 ? message.entries.slice(known) : message.entries;
  if (known > 0) {
    const overlap = message.entries[known - 1];
    const same = overlap === undefined || overlap.term === s.log.term(overlap.index);
    invariant(same, "StateMachineSafety", { index: s.log.commit });
  } else if (s.log.term(prev.index) !== prev.term) {
    s.probe("raft-append-refused");
    return refuse(s, from, prev);
  }
  merge(s, entries);
  const match = Math.max(prev.index + message.entries.length, s.log.commit);
  const isNews = s.log.commitTo(Math.min(commit, match));
  if (!isAnswered(s, message, match, isNews)) accept(s, from, prev.index, match);
}
