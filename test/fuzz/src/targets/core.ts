import { isDeepStrictEqual } from "node:util";
import { FlotillaError } from "@flotilla/runtime";
import { keyedRandom } from "@flotilla/runtime/sim";
import type { AppendTask, LogId, Message } from "@flotilla/raft";
import { Raft } from "@flotilla/raft/parts";
import type { Event, PeerMessage, Ready, Receive, Refused } from "@flotilla/raft/parts";
import type { Draw } from "../draw.ts";
import type { Lie } from "../lies.ts";
import { Broken } from "../report.ts";
import { configuration, incarnationOf, notAccepted, peers, self } from "../view.ts";
import type { View } from "../view.ts";
import { MemoryDisk } from "./memory-disk.ts";

const nothing: LogId = { index: 0, term: 0 };

/** A core with its disk; everything else is the fuzzer's. */
class Subject {
  readonly raft: Raft;
  readonly disk: MemoryDisk = new MemoryDisk();
  task: AppendTask | null = null;
  applying = 0;
  nowMs = 0;

  constructor(seed: number) {
    this.raft = new Raft({
      id: self,
      incarnation: incarnationOf(self),
      electionTicks: 4,
      random: keyedRandom(seed, "core"),
      start: { nowMs: 0, wallMs: 500 },
      recovered: {
        hardState: { term: 0, vote: null },
        configurations: [configuration],
        snapshot: nothing,
        compacted: nothing,
        last: nothing,
        termRuns: [],
        lastTimeMs: 0,
        commit: 0,
      },
      reader: this.disk,
      limits: { inflightMessages: 4, maxUncommittedEntries: 200, cacheBytes: 2000, maxReads: 50 },
      probe: () => {},
      accepts: (payload) => payload[0] !== notAccepted,
    });
  }

  /** Steps one event and takes out what it caused. */
  step(event: Event): Ready[] {
    this.raft.step(event, { nowMs: this.nowMs, wallMs: 500 });
    const taken: Ready[] = [];
    while (this.raft.hasReady()) {
      const ready = this.raft.ready();
      taken.push(ready);
      this.task = ready.append ?? this.task;
      this.applying = ready.apply?.entries.at(-1)?.index ?? this.applying;
    }
    return taken;
  }
}

/** Everything that can be asked of a core. */
function digest({ raft }: Subject): Readonly<Record<string, unknown>> {
  return {
    beliefs: [raft.role, raft.term, raft.vote, raft.leader, raft.established],
    log: [raft.firstIndex, raft.snapshot, raft.applied, raft.durable, raft.commit, raft.last],
    terms: [raft.termAt(raft.last.index), raft.termAt(raft.commit), raft.termAt(raft.firstIndex)],
    matches: peers.map((peer) => raft.matchOf(peer)),
    configuration: raft.configuration,
    handsOver: raft.handsOver(),
    deadlineMs: raft.nextDeadlineMs(),
    hasReady: raft.hasReady(),
  };
}

/** What one message came to. `damaged`: the node must stop, as its data went back in time. */
export type Outcome = "acted" | "damaged" | `refused: ${string}`;

/**
 * Two cores that live the same life, but one of them also hears what must be refused: they never differ, at once
 * or later, in what they say or show. So a refused message changed nothing at all.
 */
export class CoreTarget {
  readonly #draw: Draw;
  #tried: Subject;
  #spared: Subject;
  #nextId = 1;
  #forwarded: View["forwarded"] = null;

  constructor(draw: Draw) {
    this.#draw = draw;
    [this.#tried, this.#spared] = this.#born();
  }

  get view(): View {
    const { raft } = this.#tried;
    const { term, role, leader, vote, last, commit } = raft;
    const leads = role === "leader";
    const termAt = (index: number): number | null => raft.termAt(index);
    const forwarded = this.#forwarded;
    return { term, leads, leader, vote, last, commit, termAt, configuration: raft.configuration, forwarded };
  }

  /** Begins again with nothing. */
  renew(): void {
    [this.#tried, this.#spared] = this.#born();
    this.#forwarded = null;
  }

  /** Something happens that no peer said. @throws Broken */
  live(): void {
    if (this.#draw.once(30)) this.#elect();
    const event = this.#happening();
    const before = this.#tried.raft;
    this.#forwarded = null;
    for (const ready of this.#both(event, new Uint8Array(0)))
      for (const { message } of ready.messages)
        if (event.type === "propose" && message.type === "forward" && before.role === "follower")
          this.#forwarded = { firstId: message.firstId, count: message.payloads.length };
  }

  /** A peer says this. @throws Broken */
  hear(message: Message, frame: Uint8Array, told: Lie | null): Outcome {
    const from = told?.from ?? this.#speaker(message.type);
    const incarnation = told?.incarnation ?? incarnationOf(from);
    const event: Receive = { type: "receive", from, incarnation, message };
    // What is due by now comes with any event.
    this.#both({ type: "wake" }, frame);
    const before = digest(this.#tried);
    let taken: Ready[];
    try {
      taken = this.#tried.step(event);
    } catch (error) {
      return this.#judgeThrow(error, event, frame);
    }
    const refused = taken.flatMap((ready) => ready.refused);
    const [first] = refused;
    if (first !== undefined) return this.#expectUnchanged(first, before, taken, frame);
    this.#forwarded = null;
    const others = this.#spared.step(event);
    this.#expectSame(taken, others, frame);
    this.#installSnapshot(taken, frame);
    if (this.#tried.raft.removed) this.renew();
    return "acted";
  }

  /** By luck alone it would seldom lead. */
  #elect(): void {
    const nobody = new Uint8Array(0);
    for (let k = 0; k < 20 && this.#tried.raft.role === "follower"; k += 1) this.#both(this.#tick(), nobody);
    for (const type of ["pre-vote-reply", "vote-reply"] as const) {
      const { term, role } = this.#tried.raft;
      if (role === "leader") return;
      const message = { type, term: type === "vote-reply" ? term : term + 1, granted: true };
      if (type === "vote-reply" && role !== "candidate") return;
      const event: Receive = { type: "receive", from: "a", incarnation: incarnationOf("a"), message };
      // Not a member any more as it was: the link is closed for good.
      if (this.#both(event, nobody).some(({ refused }) => refused.length > 0)) return this.renew();
      const done = this.#writeDone();
      if (done !== null) this.#both(done, nobody);
    }
  }

  #tick(): Event {
    for (const subject of [this.#tried, this.#spared]) subject.nowMs += 100;
    return { type: "tick" };
  }

  #writeDone(): Event | null {
    const { task } = this.#tried;
    if (task === null) return null;
    for (const subject of [this.#tried, this.#spared]) {
      subject.disk.write(task);
      subject.task = null;
    }
    return { type: "append-done", seq: task.seq };
  }

  #born(): [Subject, Subject] {
    const seed = this.#draw.u32();
    return [new Subject(seed), new Subject(seed)];
  }

  #speaker(type: PeerMessage["type"]): string {
    const { leader } = this.#tried.raft;
    const asLeader =
      type === "append" || type === "heartbeat" || type === "snapshot-offer" || type.endsWith("y");
    if (asLeader && leader !== null && leader !== self && !this.#draw.once(10)) return leader;
    return this.#draw.pick(peers);
  }

  #expectUnchanged({ from, reason }: Refused, before: unknown, taken: Ready[], frame: Uint8Array): Outcome {
    const after = digest(this.#tried);
    const said = taken.some(
      ({ messages, append, apply }) => messages.length > 0 || append !== null || apply !== null,
    );
    if (said || !isDeepStrictEqual(before, after))
      throw new Broken(`a message refused as ${reason} had an effect`, frame);
    // The links close; then the peer comes back.
    this.#forwarded = null;
    this.#both({ type: "peer-down", peer: from, byPeer: false }, frame);
    if (peers.some((peer) => peer === from))
      this.#both({ type: "peer-up", peer: from, incarnation: "" }, frame);
    else this.renew();
    return `refused: ${reason}`;
  }

  #judgeThrow(error: unknown, event: Receive, frame: Uint8Array): Outcome {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED"))
      throw new Broken(`the core threw ${String(error)}`, frame);
    if (event.message.type !== "heartbeat") throw new Broken("only a heartbeat tells of lost data", frame);
    this.renew();
    return "damaged";
  }

  /** What a driver does with the offers that the core lets through. */
  #installSnapshot(taken: readonly Ready[], frame: Uint8Array): void {
    const offered = taken.flatMap((ready) => ready.receiveSnapshot)[0];
    if (offered === undefined || this.#draw.once(2)) return;
    const { last, timeMs, configuration: config } = offered.head;
    this.#both({ type: "snapshot-installed", last, timeMs, configuration: config }, frame);
  }

  #both(event: Event, frame: Uint8Array): Ready[] {
    const taken = this.#tried.step(event);
    this.#expectSame(taken, this.#spared.step(event), frame);
    return taken;
  }

  #expectSame(taken: readonly Ready[], others: readonly Ready[], frame: Uint8Array): void {
    if (isDeepStrictEqual(taken, others) && isDeepStrictEqual(digest(this.#tried), digest(this.#spared)))
      return;
    throw new Broken("a message that was refused earlier shows its effect", frame);
  }

  #happening(): Event {
    const { applying, raft } = this.#tried;
    const which = this.#draw.below(12);
    const done = which < 4 ? this.#writeDone() : null;
    if (done !== null) return done;
    if (applying > raft.applied && which < 6) return { type: "apply-done", index: applying };
    if (which < 8) return this.#proposal();
    if (which < 9) return { type: "read", id: this.#draw.below(1e9), leaderOnly: this.#draw.once(3) };
    if (which < 10) return this.#seldom();
    return this.#tick();
  }

  #proposal(): Event {
    const payloads = Array.from({ length: this.#draw.between(1, 3) }, () => this.#draw.bytes(8));
    const firstId = this.#nextId;
    this.#nextId += payloads.length;
    return { type: "propose", firstId, payloads, ifTerm: null, isReserved: false };
  }

  #seldom(): Event {
    const { raft } = this.#tried;
    const peer = this.#draw.pick(peers);
    const index = raft.applied;
    const term = raft.termAt(index);
    switch (this.#draw.below(5)) {
      case 0:
        return { type: "peer-up", peer, incarnation: incarnationOf(peer) };
      case 1:
        return { type: "peer-down", peer, byPeer: this.#draw.once(2) };
      case 2:
        return { type: "transfer", to: this.#draw.once(2) ? peer : null };
      case 3:
        if (term === null || index === 0) return { type: "wake" };
        return { type: "snapshot-saved", last: { index, term }, compactTo: Math.max(0, index - 5) };
      default:
        return { type: "snapshot-sent", to: peer, ok: this.#draw.once(2) };
    }
  }
}
