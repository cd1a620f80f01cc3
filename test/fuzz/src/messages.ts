import type { Entry, LogId } from "@flotilla/raft";
import { encodeConfiguration, encodeEntry } from "@flotilla/raft/parts";
import type { PeerMessage } from "@flotilla/raft/parts";
import type { Draw } from "./draw.ts";
import { near, successors } from "./view.ts";
import type { View } from "./view.ts";

type Makers = {
  readonly [T in PeerMessage["type"]]: (draw: Draw, view: View) => Extract<PeerMessage, { type: T }>;
};

/** Stamps grow with the index, so that entries of any two drawn logs can follow each other. */
export function entryAt(index: number, term: number, payload: Uint8Array): Entry {
  return encodeEntry({ index, term, timeMs: 1000 + index, kind: "command", payload });
}

function configEntryAt(index: number, term: number, draw: Draw): Entry {
  const payload = encodeConfiguration(draw.pick(successors));
  return encodeEntry({ index, term, timeMs: 1000 + index, kind: "config", payload });
}

/** An entry that the node has, or could have. */
function logIdNear(draw: Draw, view: View): LogId {
  const index = near(draw, draw.once(3) ? view.commit : view.last.index);
  if (index === 0) return { index: 0, term: 0 };
  return { index, term: view.termAt(index) ?? Math.max(1, view.term - draw.below(2)) };
}

function hashOf(draw: Draw): string {
  return Buffer.from(draw.bytes(32)).toString("hex");
}

/** A term of the present or of a moment later. */
function termNow(draw: Draw, view: View): number {
  return Math.max(1, view.term + (draw.once(12) ? draw.between(-1, 1) : 0));
}

function entriesAfter(draw: Draw, view: View, prev: LogId, term: number): Entry[] {
  const entries: Entry[] = [];
  let before = Math.max(prev.term, 1);
  const count = draw.once(3) ? 0 : draw.between(1, 4);
  for (let index = prev.index + 1; entries.length < count; index += 1) {
    const known = view.termAt(index);
    before = Math.min(term, Math.max(before, known ?? (draw.once(2) ? term : before)));
    const isConfig = draw.once(60);
    entries.push(
      isConfig ? configEntryAt(index, before, draw) : entryAt(index, before, draw.bytes(draw.below(24))),
    );
  }
  return entries;
}

const makers: Makers = {
  "pre-vote": (draw, view) => {
    const last = logIdNear(draw, view);
    const term = Math.max(view.term + 1, last.term + 1);
    return { type: "pre-vote", term, last, closedLeader: draw.once(2) ? view.leader : null };
  },
  "pre-vote-reply": (draw, view) => ({
    type: "pre-vote-reply",
    term: view.term + 1,
    granted: !draw.once(4),
  }),
  vote: (draw, view) => {
    const last = logIdNear(draw, view);
    const term = Math.max(view.term + draw.below(2), last.term + 1);
    return { type: "vote", term, last, transfer: draw.once(3) };
  },
  "vote-reply": (draw, view) => ({
    type: "vote-reply",
    term: Math.max(1, view.term),
    granted: !draw.once(4),
  }),
  append: (draw, view) => {
    const prev = logIdNear(draw, view);
    const term = Math.max(termNow(draw, view), prev.term);
    return {
      type: "append",
      term,
      prev,
      commit: near(draw, view.commit),
      entries: entriesAfter(draw, view, prev, term),
    };
  },
  "append-reply": (draw, view) => {
    const term = termNow(draw, view);
    const prevIndex = near(draw, view.last.index);
    if (draw.once(8)) return { type: "append-reply", term, prevIndex, match: null, hint: null };
    if (draw.once(4)) {
      const index = Math.max(0, prevIndex - draw.below(5));
      const hint = { index, term: Math.min(term, view.termAt(index) ?? 0) };
      return { type: "append-reply", term, prevIndex, match: null, hint };
    }
    return { type: "append-reply", term, prevIndex, match: prevIndex + draw.below(2), hint: null };
  },
  heartbeat: (draw, view) => ({
    type: "heartbeat",
    term: termNow(draw, view),
    commit: Math.min(view.last.index, near(draw, view.commit)),
    round: draw.below(50),
  }),
  "heartbeat-reply": (draw, view) => ({
    type: "heartbeat-reply",
    term: termNow(draw, view),
    round: 1 + draw.below(4),
    pledgeMs: draw.once(2) ? 0 : draw.below(2000),
  }),
  "snapshot-offer": (draw, view) => {
    const { index, term: lastTerm } = logIdNear(draw, view);
    const last = index === 0 ? { index: 1, term: 1 } : { index, term: lastTerm };
    return {
      type: "snapshot-offer",
      term: Math.max(termNow(draw, view), last.term),
      last,
      hash: hashOf(draw),
      timeMs: 1000 + last.index,
      configuration: { ...view.configuration, index: Math.min(view.configuration.index, last.index) },
      totalBytes: draw.below(1000),
    };
  },
  "snapshot-reply": (draw, view) => ({
    type: "snapshot-reply",
    term: termNow(draw, view),
    last: logIdNear(draw, view),
    received: draw.below(1000),
    done: draw.once(2),
  }),
  "snapshot-request": (draw, view) => ({
    type: "snapshot-request",
    last: logIdNear(draw, view),
    hash: hashOf(draw),
    offset: draw.below(1000),
    length: draw.between(1, 100),
  }),
  "snapshot-chunk": (draw, view) => ({
    type: "snapshot-chunk",
    last: logIdNear(draw, view),
    hash: hashOf(draw),
    offset: draw.below(1000),
    checksum: draw.u32(),
    bytes: draw.bytes(draw.between(1, 16)),
  }),
  "snapshot-refusal": (draw, view) => ({
    type: "snapshot-refusal",
    last: logIdNear(draw, view),
    hash: hashOf(draw),
    reason: draw.once(2) ? "busy" : "absent",
  }),
  "read-request": (draw, view) => ({ type: "read-request", term: termNow(draw, view), id: draw.below(1000) }),
  "read-reply": (draw, view) => ({
    type: "read-reply",
    term: termNow(draw, view),
    id: draw.u32(),
    index: draw.once(3) ? null : view.commit,
  }),
  forward: (draw, view) => ({
    type: "forward",
    term: termNow(draw, view),
    firstId: draw.below(5000),
    payloads: Array.from({ length: draw.between(1, 3) }, () => draw.bytes(draw.below(24))),
  }),
  "forward-reply": (draw, view) => ({
    type: "forward-reply",
    term: termNow(draw, view),
    firstId: draw.u32(),
    count: draw.between(1, 3),
    firstIndex: draw.once(3) ? null : view.last.index + 1,
  }),
  "timeout-now": (draw, view) => {
    const { index, term } = logIdNear(draw, view);
    const at = index === 0 ? { index: 1, term: 1 } : { index, term };
    return { type: "timeout-now", term: at.term, last: at };
  },
  app: (draw) => ({ type: "app", payload: draw.bytes(draw.below(40)) }),
};

/** Every type of message that peers send. */
export const types: readonly PeerMessage["type"][] = Object.keys(makers).filter((type) => isType(type));

function isType(type: string): type is PeerMessage["type"] {
  return Object.hasOwn(makers, type);
}

/** A message that an honest member could send to a node like that. */
export function someMessage(draw: Draw, view: View): PeerMessage {
  const type = types[draw.below(types.length)] ?? "app";
  return makers[type](draw, view);
}
