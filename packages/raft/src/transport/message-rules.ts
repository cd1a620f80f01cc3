import { decodeConfiguration } from "../core/config/config-codec.ts";
import type { Append, AppendReply, Message, SnapshotOffer } from "../core/message.ts";
import type { LogId } from "../core/types.ts";

/** Largest term and index, and largest number of an answer: out of reach in any cluster's life, and safe to count on from. */
export const maxCount: number = 2 ** 52;

/** Largest payload of one entry and of one message of an application, bytes: whatever travels alone fits a frame. */
export const maxPayloadBytes: number = 8 << 20;

/**
 * What a well-formed message says that no honest member can say, whatever its state; null: nothing.
 * What depends on the receiver's state is the core's to judge.
 */
export function brokenRule(message: Message): string | null {
  if (message.term > maxCount) return "a term out of reach";
  switch (message.type) {
    case "append":
      return brokenByAppend(message);
    case "append-reply":
      return brokenByAppendReply(message);
    case "heartbeat":
      return message.commit > maxCount || message.term === 0 ? "no term, or a commit out of reach" : null;
    case "heartbeat-reply":
      return message.round === 0 || message.term === 0 ? "a round or a term of nothing" : null;
    case "forward":
      if (message.payloads.length === 0 || message.term === 0) return "nothing is forwarded, or in no term";
      return message.firstId > maxCount ? "an id out of reach" : brokenByPayloads(message.payloads);
    case "forward-reply":
      if (message.count === 0 || message.firstIndex === 0) return "an answer about nothing";
      return message.firstIndex !== null && message.firstIndex > maxCount ? "an index out of reach" : null;
    default:
      return brokenSeldom(message);
  }
}

function brokenSeldom(message: Message): string | null {
  switch (message.type) {
    case "pre-vote":
    case "vote":
      return (
        brokenByLogId(message.last) ?? (message.last.term >= message.term ? "a log as new as the term" : null)
      );
    case "pre-vote-reply":
    case "vote-reply":
      return message.granted && message.term === 0 ? "a grant for no term" : null;
    case "timeout-now":
      return (
        brokenByLogId(message.last) ??
        (message.last.term === message.term ? null : "a leader without an entry of its term")
      );
    case "snapshot-offer":
      return brokenByOffer(message);
    case "snapshot-reply":
      return brokenByLogId(message.last);
    case "read-reply":
      return message.index !== null && message.index > maxCount ? "an index out of reach" : null;
    default:
      return message.term === 0 ? "a question in no term" : null;
  }
}

/** The empty log has neither index nor term; any other entry has both. */
function brokenByLogId({ index, term }: LogId): string | null {
  if ((index === 0) !== (term === 0)) return "half an entry";
  return index > maxCount || term > maxCount ? "an entry out of reach" : null;
}

function brokenByPayloads(payloads: readonly Uint8Array[]): string | null {
  for (const payload of payloads)
    if (payload.length > maxPayloadBytes) return "a payload that no entry can hold";
  return null;
}

function brokenByAppend({ term, prev, commit, entries }: Append): string | null {
  const first = entries[0];
  const half = brokenByLogId(prev);
  if (half !== null) return half;
  if (term === 0 || commit > maxCount) return "no term, or a commit out of reach";
  if (prev.term > term) return "an append from a term below its log";
  if (first === undefined) return null;
  if (first.index !== prev.index + 1 || first.term < prev.term) return "the entries do not follow";
  if ((entries.at(-1)?.term ?? 0) > term) return "an entry from a term to come";
  for (const { kind, payload, index } of entries) {
    if (payload.length > maxPayloadBytes) return "an entry too large to pass on";
    if (kind === "config") decodeConfiguration(payload, index);
  }
  return null;
}

/** One that neither matches nor hints only tells of a later term. */
function brokenByAppendReply({ term, prevIndex, match, hint }: AppendReply): string | null {
  if (term === 0 || prevIndex > maxCount) return "no term, or an index out of reach";
  if (match !== null && hint !== null) return "an append reply that both matches and hints";
  if (match !== null && (match < prevIndex || match > maxCount))
    return "a match that does not reach the question";
  if (hint !== null && (hint.index > prevIndex || hint.term > term)) return "a hint beyond the question";
  return null;
}

function brokenByOffer({ term, last }: SnapshotOffer): string | null {
  const isImpossible = brokenByLogId(last) !== null || last.index === 0 || last.term > term;
  return isImpossible ? "a snapshot of nothing or of a term to come" : null;
}
