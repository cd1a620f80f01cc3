import { FlotillaError } from "@flotilla/runtime";
import { decodeConfiguration } from "./config/config-codec.ts";
import { isMember } from "./config/configuration.ts";
import type { Receive } from "./event.ts";
import type { Append, AppendReply, ForwardReply, Message, SnapshotOffer } from "./message.ts";
import { ownHistory } from "./membership.ts";
import { isContiguous } from "./replication.ts";
import type { RaftState } from "./state.ts";
import type { Index, LogId, NodeId, Term } from "./types.ts";

/** Why no honest member can have said this here. */
export type RefusalReason =
  | "from-itself"
  | "term-out-of-reach"
  | "term-never-entered"
  | "second-leader"
  | "malformed-append"
  | "time-goes-back"
  | "contradicts-commit"
  | "foreign-history"
  | "snapshot-too-large"
  | "vote-not-asked-for"
  | "beyond-log"
  | "round-never-begun"
  | "count-differs"
  | "no-command";

/** More elections than a cluster can hold while one member is away. */
const maxTermLead = 2 ** 32;

/**
 * Why `message` must not be taken up: it contradicts what this node knows for certain, so whoever said it lies or
 * is broken. Null: an honest member may have said it. Asked before the message changes anything; what is merely
 * late is never refused.
 */
export function refusalOf(s: RaftState, event: Receive): RefusalReason | null {
  return event.from === s.id ? "from-itself" : refusalOfContent(s, event);
}

function refusalOfContent(s: RaftState, event: Receive): RefusalReason | null {
  const { from, message } = event;
  if (message.term < s.term) return null;
  if (message.term - s.term > maxTermLead) return "term-out-of-reach";
  switch (message.type) {
    case "append":
      return refusalOfSecond(s, from, message.term) ?? refusalOfAppend(s, message);
    case "heartbeat":
      return refusalOfSecond(s, from, message.term) ?? refusalOfHeartbeat(s, event, message.commit);
    case "snapshot-offer":
      return refusalOfSecond(s, from, message.term) ?? refusalOfOffer(s, message);
    case "timeout-now":
      return refusalOfTerm(s, message.term) ?? refusalOfSecond(s, from, message.term);
    default:
      return refusalOfAnswer(s, from, message);
  }
}

function refusalOfAnswer(s: RaftState, from: NodeId, message: Message): RefusalReason | null {
  switch (message.type) {
    case "vote-reply": {
      // The question leaves once term and vote are durable.
      const asked = message.term === s.durableHard.term && s.durableHard.vote === s.id;
      return message.granted && !asked ? "vote-not-asked-for" : null;
    }
    case "append-reply":
      return refusalOfAppendReply(s, message);
    case "heartbeat-reply":
      if (s.leading !== null && message.term === s.term && message.round > s.leading.round)
        return "round-never-begun";
      return refusalOfTerm(s, message.term);
    case "read-request":
      return refusalOfTerm(s, message.term);
    case "forward":
      return refusalOfTerm(s, message.term) ?? refusalOfPayloads(s, message.payloads);
    case "read-reply":
      return message.index === null ? null : refusalOfTerm(s, message.term);
    case "forward-reply":
      return refusalOfForwardReply(s, from, message);
    default:
      return null;
  }
}

/**
 * Whoever answers or asks the leader of a term names one in which this node was. Terms never go back, not even in a
 * crash; only other data under the same id knows nothing of them, and is no member before it has caught up.
 */
function refusalOfTerm(s: RaftState, term: Term): RefusalReason | null {
  return term > s.term && s.isMember ? "term-never-entered" : null;
}

/** A term has one leader. */
function refusalOfSecond(s: RaftState, from: NodeId, term: Term): RefusalReason | null {
  const isOther = s.role === "leader" || (s.leader !== null && s.leader !== from);
  return term === s.term && isOther ? "second-leader" : null;
}

/**
 * Only a leader that counted our acknowledgement can know of an entry beyond our log: then our data went back in time,
 * which stops the node. Somebody that no configuration here names is not believed as much.
 */
function refusalOfHeartbeat(
  { log, config, configs }: RaftState,
  { from, incarnation }: Receive,
  commit: Index,
): RefusalReason | null {
  if (commit <= log.last.index) return null;
  const isKnown = isMember(config, from, incarnation) || isMember(configs.at(log.commit), from, incarnation);
  return isKnown ? null : "beyond-log";
}

/** True when a leader's log cannot have that entry: a committed one is there. */
function contradictsCommit(s: RaftState, { index, term }: LogId): boolean {
  if (index > s.log.commit) return false;
  const own = s.log.term(index);
  return own !== null && own !== term;
}

function refusalOfAppend(s: RaftState, message: Append): RefusalReason | null {
  const { prev, entries } = message;
  const first = entries[0];
  if (!isContiguous(message) || !hasReadableConfigurations(message)) return "malformed-append";
  if (contradictsCommit(s, prev)) return "contradicts-commit";
  for (const entry of entries) {
    if (entry.index > s.log.commit) break;
    if (contradictsCommit(s, entry)) return "contradicts-commit";
  }
  if (first === undefined || s.log.term(prev.index) !== prev.term) return null;
  return first.timeMs < (s.log.timeMs(prev.index) ?? 0) ? "time-goes-back" : null;
}

function hasReadableConfigurations({ entries }: Append): boolean {
  try {
    for (const entry of entries) if (entry.kind === "config") decodeConfiguration(entry.payload, entry.index);
    return true;
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return false;
    throw error;
  }
}

/** A membership that our own one cannot have come from, or become, belongs to another cluster. */
function refusalOfOffer(s: RaftState, offer: SnapshotOffer): RefusalReason | null {
  const { last, configuration, totalBytes } = offer;
  if (totalBytes > s.limits.maxSnapshotBytes) return "snapshot-too-large";
  const own = ownHistory(s);
  const isForeign = configuration.historyId !== own && s.config.index <= last.index;
  if (isForeign && own !== "") return "foreign-history";
  return contradictsCommit(s, last) ? "contradicts-commit" : null;
}

/** One that neither matches nor hints only tells of a later term. */
function refusalOfAppendReply(s: RaftState, message: AppendReply): RefusalReason | null {
  const { term, prevIndex, match, hint } = message;
  if (match === null && hint === null) return null;
  if (term > s.term) return refusalOfTerm(s, term);
  return s.leading !== null && Math.max(prevIndex, match ?? 0) > s.log.last.index ? "beyond-log" : null;
}

/** Members ask their own state machine first. One entry that no replica can apply would stop them all. */
function refusalOfPayloads(s: RaftState, payloads: readonly Uint8Array[]): RefusalReason | null {
  return s.leading !== null && !payloads.every((payload) => s.accepts(payload)) ? "no-command" : null;
}

function refusalOfForwardReply(s: RaftState, from: NodeId, message: ForwardReply): RefusalReason | null {
  const { term, firstId, count, firstIndex } = message;
  if (firstIndex !== null && term > s.term) return refusalOfTerm(s, term);
  if (from !== s.leader || term !== s.term) return null;
  const asked = s.asked.forwarded.find((item) => item.firstId === firstId - s.asked.forwardBase);
  return asked === undefined || asked.count === count ? null : "count-differs";
}
