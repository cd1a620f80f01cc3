import type { Propose } from "./event.ts";
import { appendOwn } from "./leader-log.ts";
import type { Forward, ForwardReply } from "./message.ts";
import { fitsForwarded, type Limits } from "./options.ts";
import type { RaftState } from "./state.ts";
import type { Index, NodeId } from "./types.ts";

function sizeOf(payloads: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const payload of payloads) bytes += payload.length;
  return bytes;
}

function forwardAdmits(s: RaftState, count: number, bytes: number, limits: Limits): boolean {
  const { forwarded } = s.asked;
  if (forwarded.length === 0) return true;
  let entries = count;
  let total = bytes;
  for (const item of forwarded) {
    entries += item.count;
    total += item.bytes;
  }
  return fitsForwarded(entries, total, limits);
}

/** True when that many more payloads of so many bytes together would not be refused for load. */
export function admitsProposals(s: RaftState, count: number, bytes: number, isReserved: boolean): boolean {
  const limits = isReserved ? s.reservedLimits : s.limits;
  if (s.leading === null) return forwardAdmits(s, count, bytes, limits);
  return !s.isLogFull && s.leading.admits(count, bytes, limits);
}

/** Local proposals: appended, handed to the leader, or dropped at once. */
export function propose(s: RaftState, event: Propose): void {
  const { firstId, payloads, ifTerm, isReserved } = event;
  const count = payloads.length;
  const bytes = sizeOf(payloads);
  const wrongTerm = ifTerm !== null && (s.leading === null || s.term !== ifTerm);
  if (count === 0) return;
  const handsOver = s.leading !== null && s.leading.transfer !== null;
  if (wrongTerm || handsOver || s.leader === null || !admitsProposals(s, count, bytes, isReserved)) {
    s.results.dropped.push({ firstId, count, certain: true });
  } else if (s.leading !== null) {
    const firstIndex = appendOwn(s, "command", payloads, firstId);
    s.results.placed.push({ firstId, count, firstIndex, term: s.term });
  } else {
    s.asked.forwarded.push({ firstId, count, bytes, tick: s.tick });
    const wireId = s.asked.forwardBase + firstId;
    s.outbox.send(s.leader, { type: "forward", term: s.term, firstId: wireId, payloads });
  }
}

/** A peer hands over proposals, in one ordered stream. What the stream repeats is ignored: it was answered. */
export function onForward(s: RaftState, from: NodeId, message: Forward): void {
  const { firstId, payloads } = message;
  const { leading } = s;
  const count = payloads.length;
  let firstIndex: Index | null = null;
  if (firstId < (s.forwardNext.get(from) ?? 0)) return s.probe("raft-forward-repeated");
  s.forwardNext.set(from, firstId + count);
  if (leading !== null && count > 0) {
    if (leading.transfer === null && admitsProposals(s, count, sizeOf(payloads), false)) {
      firstIndex = appendOwn(s, "command", payloads, null);
      const progress = leading.progress.get(from);
      if (progress !== undefined) progress.handedOver = s.log.last.index;
    }
  }
  s.outbox.send(from, { type: "forward-reply", term: s.term, firstId, count, firstIndex });
}

/** The leader says where forwarded proposals went. */
export function onForwardReply(s: RaftState, from: NodeId, message: ForwardReply): void {
  const firstId = message.firstId - s.asked.forwardBase;
  const { forwarded } = s.asked;
  const position = forwarded.findIndex((item) => item.firstId === firstId);
  const item = forwarded[position];
  if (item === undefined || from !== s.leader || item.count !== message.count) return;
  forwarded.splice(position, 1);
  const { count } = item;
  if (message.firstIndex === null) s.results.dropped.push({ firstId, count, certain: true });
  else s.results.placed.push({ firstId, count, firstIndex: message.firstIndex, term: s.term });
}

/** Whatever was handed over and not answered may or may not be in the log. */
export function dropForwarded(s: RaftState): void {
  for (const { firstId, count } of s.asked.forwarded.splice(0)) {
    s.results.dropped.push({ firstId, count, certain: false });
  }
}

/** Gives up on what the leader has not answered for two election timeouts. */
export function expireForwarded(s: RaftState): void {
  const { forwarded } = s.asked;
  let first = forwarded[0];
  while (first !== undefined && s.tick - first.tick >= 2 * s.electionTicks) {
    s.results.dropped.push({ firstId: first.firstId, count: first.count, certain: false });
    forwarded.shift();
    first = forwarded[0];
  }
}

/** A leader that is none any more leaves the fate of its uncommitted local proposals to the next one. */
export function settleLeaderProposals(s: RaftState): void {
  for (const { firstId, count } of s.leading?.undecidedAbove(s.log.commit) ?? []) {
    s.results.dropped.push({ firstId, count, certain: false });
  }
}
