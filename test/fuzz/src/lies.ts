import type { Message } from "@flotilla/raft";
import { encodeEntry, isMember } from "@flotilla/raft/parts";
import type { RefusalReason } from "@flotilla/raft/parts";
import type { Draw } from "./draw.ts";
import { entryAt } from "./messages.ts";
import { incarnationOf, notAccepted, peers, self } from "./view.ts";
import type { View } from "./view.ts";

/** What no honest member says to a node in that state, and who says it. */
export interface Lie {
  readonly from: string;
  readonly incarnation: string;
  readonly message: Message;
}

type Liars = { readonly [R in RefusalReason]: ((draw: Draw, view: View) => Lie | null) | "never decodes" };

const far = 2 ** 52;
const payload = Uint8Array.of(1, 2, 3);

/** Of the member that leads, or of any. */
function byLeader({ leader }: View, message: Message): Lie {
  return by(leader === null || leader === self ? "a" : leader, message);
}

function by(from: string, message: Message): Lie {
  return { from, incarnation: incarnationOf(from), message };
}

/** A membership that nobody can know to be false may have left it out: then it has entered no terms. */
function hasEntered({ configuration }: View): boolean {
  return isMember(configuration, self, incarnationOf(self));
}

function atLeastOne(term: number): number {
  return Math.max(1, term);
}

const liars: Liars = {
  "malformed-append": "never decodes",
  "from-itself": (_, { term }) => by(self, { type: "read-request", term: atLeastOne(term), id: 1 }),
  "term-out-of-reach": (draw, { term }) => {
    const later = term + 2 ** 32 + 1 + draw.u32();
    return by(
      draw.pick(peers),
      draw.pick<Message>([
        { type: "vote", term: later, last: { index: 1, term: 1 }, transfer: true },
        { type: "pre-vote", term: far, last: { index: 0, term: 0 }, closedLeader: null },
        { type: "append-reply", term: far, prevIndex: 0, match: null, hint: null },
        { type: "read-reply", term: later, id: 0, index: null },
        { type: "append", term: later, prev: { index: 0, term: 0 }, commit: far, entries: [] },
      ]),
    );
  },
  "term-never-entered": (draw, view) => {
    if (!hasEntered(view)) return null;
    const term = view.term + 1 + draw.below(1000);
    const { index } = view.last;
    return by(
      draw.pick(peers),
      draw.pick<Message>([
        { type: "append-reply", term, prevIndex: index, match: index, hint: null },
        { type: "append-reply", term, prevIndex: index, match: null, hint: { index: 0, term: 0 } },
        { type: "heartbeat-reply", term, round: 1 + draw.below(9), pledgeMs: 0 },
        { type: "read-request", term, id: draw.u32() },
        { type: "read-reply", term, id: draw.u32(), index: far },
        { type: "forward", term, firstId: far - draw.below(9), payloads: [payload] },
        { type: "forward-reply", term, firstId: draw.u32(), count: 1, firstIndex: far },
        { type: "timeout-now", term, last: { index: far, term } },
      ]),
    );
  },
  "second-leader": (draw, { term, leader, leads }) => {
    if (leader === null || term === 0) return null;
    const from = leads ? draw.pick(peers) : leader === "a" ? "c" : "a";
    return by(
      from,
      draw.pick<Message>([
        { type: "heartbeat", term, commit: 0, round: 1 },
        { type: "append", term, prev: { index: 0, term: 0 }, commit: far, entries: [] },
        { type: "timeout-now", term, last: { index: far, term } },
      ]),
    );
  },
  "time-goes-back": (_, view) => {
    const { last, leads } = view;
    if (last.index === 0 || leads) return null;
    const term = Math.max(view.term, last.term);
    const entry = { index: last.index + 1, term, timeMs: 0, kind: "command", payload } as const;
    return byLeader(view, { type: "append", term, prev: last, commit: 0, entries: [encodeEntry(entry)] });
  },
  "contradicts-commit": (draw, view) => {
    if (view.commit === 0 || view.leads) return null;
    const index = draw.between(1, view.commit);
    const known = view.termAt(index);
    if (known === null) return null;
    const term = Math.max(view.term, known) + 1;
    const other = { index, term };
    return byLeader(
      view,
      draw.pick<Message>([
        { type: "append", term, prev: other, commit: far, entries: [] },
        { type: "append", term, prev: other, commit: 0, entries: [entryAt(index + 1, term, payload)] },
        {
          type: "snapshot-offer",
          term,
          last: other,
          hash: "00".repeat(32),
          timeMs: 0,
          configuration: { ...view.configuration, index: 0 },
          totalBytes: 3,
        },
      ]),
    );
  },
  "foreign-history": (_, view) => {
    if (view.leads) return null;
    const term = Math.max(view.term, view.last.term);
    const last = { index: view.last.index + 9, term };
    const configuration = { ...view.configuration, historyId: "e".repeat(32) };
    const head = { last, hash: "00".repeat(32), timeMs: 0, configuration, totalBytes: 3 };
    return term === 0 ? null : byLeader(view, { type: "snapshot-offer", term, ...head });
  },
  "snapshot-too-large": (draw, view) => {
    if (view.leads) return null;
    const term = Math.max(view.term, view.last.term) + 1;
    const last = { index: view.last.index + draw.between(1, 9), term };
    const head = { last, hash: "00".repeat(32), timeMs: 0, configuration: view.configuration };
    const totalBytes = 4096 * 2 ** 20 + draw.between(1, 9);
    return byLeader(view, { type: "snapshot-offer", term, ...head, totalBytes });
  },
  "vote-not-asked-for": (draw, { term, vote }) => {
    const isPresent = vote !== self && term > 0 && draw.once(2);
    return by(draw.pick(peers), { type: "vote-reply", term: isPresent ? term : term + 1, granted: true });
  },
  "beyond-log": (draw, { leads, term, last }) => {
    if (!leads) return null;
    const beyond = draw.pick([last.index + 1, far]);
    return by(
      draw.pick(peers),
      draw.pick<Message>([
        { type: "append-reply", term, prevIndex: last.index, match: beyond, hint: null },
        { type: "append-reply", term, prevIndex: beyond, match: null, hint: { index: 0, term: 0 } },
      ]),
    );
  },
  "round-never-begun": (draw, { leads, term }) =>
    leads
      ? by(draw.pick(peers), { type: "heartbeat-reply", term, round: Number.MAX_SAFE_INTEGER, pledgeMs: 0 })
      : null,
  "no-command": (draw, { leads, term }) => {
    const payloads = [payload, Uint8Array.of(notAccepted), payload];
    return leads
      ? by(draw.pick(peers), { type: "forward", term, firstId: draw.below(5000), payloads })
      : null;
  },
  "count-differs": (draw, { forwarded, leader, term }) => {
    if (forwarded === null || leader === null || leader === self) return null;
    const { firstId, count } = forwarded;
    const firstIndex = draw.pick([null, far]);
    return by(leader, { type: "forward-reply", term, firstId, count: count + 1, firstIndex });
  },
};

const reasons: readonly RefusalReason[] = Object.keys(liars).filter((reason) => isReason(reason));

function isReason(reason: string): reason is RefusalReason {
  return Object.hasOwn(liars, reason);
}

/** Whoever is no member with the data it has is ignored rather than refused. */
function isHeard(reason: RefusalReason, { from, incarnation }: Lie, { configuration }: View): boolean {
  const voter = configuration.voters.find(({ id }) => id === from);
  return reason === "from-itself" || voter?.incarnation === incarnation;
}

/** A lie and the reason for which it must be refused; null when none of that kind can be told in this state. */
export function someLie(
  draw: Draw,
  view: View,
): { readonly reason: RefusalReason; readonly lie: Lie } | null {
  const reason = reasons[draw.below(reasons.length)] ?? "from-itself";
  const liar = liars[reason];
  const lie = liar === "never decodes" ? null : liar(draw, view);
  return lie !== null && isHeard(reason, lie, view) ? { reason, lie } : null;
}
