import { isMember } from "./config/configuration.ts";
import { onPreVoteAnswer, onTimeoutNow, onVoteAnswer } from "./election.ts";
import type { Receive } from "./event.ts";
import { onAppend } from "./following.ts";
import { onHeartbeat, onHeartbeatReply } from "./heartbeats.ts";
import type { Message } from "./message.ts";
import { onForward, onForwardReply } from "./proposals.ts";
import { onReadReply, onReadRequest } from "./reads.ts";
import { refusalOf } from "./refusals.ts";
import type { RefusalReason } from "./refusals.ts";
import { onAppendReply } from "./replication.ts";
import { becomeFollower, heardLeader } from "./roles.ts";
import { onSnapshotOffer } from "./snapshots.ts";
import type { RaftState } from "./state.ts";
import type { NodeId } from "./types.ts";
import { isLoyal, onPreVote, onVote } from "./voting.ts";

/**
 * Takes up a message of a peer. One that no honest member can have said changes nothing, and nothing more is heard
 * from there until the link has been replaced.
 */
export function receive(s: RaftState, event: Receive): void {
  const { from, incarnation, message } = event;
  if (s.refused.has(from)) return s.probe("raft-message-after-refusal");
  const reason = refusalOf(s, event);
  if (reason !== null) return refuse(s, from, reason);
  if (!isHeard(s, event)) return s.probe("raft-message-from-stranger");
  if (!settleTerm(s, from, message)) return;
  const progress = s.progressOf(from, incarnation);
  if (progress !== undefined) progress.heardTick = s.tick;
  handle(s, from, incarnation, message);
}

const fromStranger: ReadonlySet<Message["type"]> = new Set([
  "pre-vote",
  "vote",
  "append",
  "heartbeat",
  "snapshot-offer",
] as const);

const fromLeader: ReadonlySet<Message["type"]> = new Set([
  "read-reply",
  "forward-reply",
  "timeout-now",
] as const);

const fromLeft: ReadonlySet<Message["type"]> = new Set(["append-reply", "heartbeat-reply"] as const);

/**
 * Only members count, with the data they have as such. Whoever else there is may ask and lead: the configuration
 * here may be old, or one that is undone. Who leads may be a member no more (dissertation §4.2.2), and who has left may
 * answer until it knows.
 */
function isHeard(s: RaftState, { from, incarnation, message }: Receive): boolean {
  if (fromStranger.has(message.type) || isMember(s.config, from, incarnation)) return true;
  if (from === s.leader) return fromLeader.has(message.type);
  return fromLeft.has(message.type) && s.progressOf(from, incarnation) !== undefined;
}

function refuse(s: RaftState, from: NodeId, reason: RefusalReason): void {
  s.probe(`raft-refused-${reason}`);
  s.refused.add(from);
  s.results.refused.push({ from, reason });
}

/** Brings terms together; false when the message is thereby dealt with. Paper §5.1. */
function settleTerm(s: RaftState, from: NodeId, message: Message): boolean {
  if (message.term < s.term) {
    answerOutdated(s, from, message);
    return false;
  }
  if (message.term === s.term || message.type === "pre-vote") return true;
  if (message.type === "pre-vote-reply" && message.granted) return true;
  if (message.type === "vote" && !message.transfer && isLoyal(s, from)) {
    s.probe("raft-vote-while-loyal");
    return false;
  }
  becomeFollower(s, message.term, null);
  return true;
}

/** A sender of an earlier term is told the current one, so that it steps down or catches up. */
function answerOutdated(s: RaftState, from: NodeId, message: Message): void {
  const { term } = s;
  switch (message.type) {
    case "pre-vote":
      s.outbox.sendWhenDurable(from, { type: "pre-vote-reply", term, granted: false }, s.gate(0));
      break;
    case "vote":
      s.outbox.sendWhenDurable(from, { type: "vote-reply", term, granted: false }, s.gate(0));
      break;
    case "append":
    case "heartbeat":
    case "snapshot-offer": {
      const prevIndex = message.type === "append" ? message.prev.index : 0;
      const reply = { type: "append-reply", term, prevIndex, match: null, hint: null } as const;
      s.outbox.sendWhenDurable(from, reply, s.gate(0));
      break;
    }
    case "read-request":
      s.outbox.send(from, { type: "read-reply", term, id: message.id, index: null });
      break;
    case "forward": {
      const { firstId, payloads } = message;
      s.outbox.send(from, { type: "forward-reply", term, firstId, count: payloads.length, firstIndex: null });
      break;
    }
    default:
      s.probe("raft-outdated-reply");
  }
}

function handle(s: RaftState, from: NodeId, incarnation: string, message: Message): void {
  switch (message.type) {
    case "pre-vote":
      return onPreVote(s, from, message);
    case "pre-vote-reply":
      return onPreVoteAnswer(s, from, incarnation, message.granted, message.term);
    case "vote":
      return onVote(s, from, message);
    case "vote-reply":
      return onVoteAnswer(s, from, incarnation, message.granted);
    case "append":
      heardLeader(s, from);
      return onAppend(s, from, message);
    case "append-reply":
      return onAppendReply(s, from, message);
    case "heartbeat":
      heardLeader(s, from);
      return onHeartbeat(s, from, message);
    case "heartbeat-reply":
      return onHeartbeatReply(s, from, incarnation, message);
    case "snapshot-offer":
      heardLeader(s, from);
      return onSnapshotOffer(s, from, message);
    case "snapshot-reply":
      return;
    case "read-request":
      return onReadRequest(s, from, message);
    case "read-reply":
      return onReadReply(s, from, message);
    case "forward":
      return onForward(s, from, message);
    case "forward-reply":
      return onForwardReply(s, from, message);
    case "timeout-now":
      return onTimeoutNow(s, from, message);
  }
}
