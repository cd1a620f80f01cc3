import type { MemberChange } from "../../src/core/config/apply-changes.ts";
import type { Configuration } from "../../src/core/config/configuration.ts";
import type { Event, Receive } from "../../src/core/event.ts";
import type { Message } from "../../src/core/message.ts";
import type { Limits } from "../../src/core/options.ts";
import type { Changed, Ready, SnapshotOffered } from "../../src/core/ready.ts";
import type { Index } from "../../src/core/types.ts";
import { Checkers } from "./checkers.ts";
import { founded, headOf, Member, nobody, seeded, type StoredSnapshot } from "./member.ts";
import { answers, isLeaders, messagesOf, type Parcel } from "./parcel.ts";

export interface ClusterOptions {
  readonly seed?: number;
  readonly configuration?: Configuration;
  /** Members that know nobody yet. */
  readonly joiners?: readonly string[];
  readonly electionTicks?: number;
  readonly askEveryTicks?: number;
  readonly heartbeatMs?: number;
  readonly trailingEntries?: number;
  readonly commitDelayMs?: number;
  readonly limits?: Partial<Limits>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Cores joined by a network that the test holds in its hands. */
export class Cluster {
  readonly members: ReadonlyMap<string, Member>;
  readonly checkers: Checkers = new Checkers();
  /** Sent and neither delivered nor lost. */
  wire: Parcel[] = [];
  /** Every parcel ever sent. */
  readonly sent: Parcel[] = [];
  readonly #cuts = new Set<string>();
  /** Who hears more before it speaks. */
  readonly #hushed = new Set<string>();
  readonly #trailingEntries: number;
  /** Whatever was offered, by its hash. */
  readonly #offered = new Map<string, StoredSnapshot>();
  #nextId = 1;
  #nextRead = 1;
  #nextChange = 1;

  constructor(ids: readonly string[], options: ClusterOptions = {}) {
    const { seed = 1, configuration = founded(ids), joiners = [], trailingEntries = 0, ...rest } = options;
    this.#trailingEntries = trailingEntries;
    const all = [...ids, ...joiners];
    this.members = new Map(
      all.map((id, k) => {
        const initial = joiners.includes(id) ? nobody : configuration;
        return [id, new Member({ id, configuration: initial, random: seeded(seed * 1000 + k), ...rest })];
      }),
    );
    for (const id of all) this.drain(id);
  }

  get(id: string): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  get ids(): string[] {
    return [...this.members.keys()];
  }

  /** The leader of the highest term. */
  leader(): Member {
    const leaders = [...this.members.values()].filter(({ up, raft }) => up && raft.role === "leader");
    const newest = leaders.toSorted((a, b) => b.raft.term - a.raft.term)[0];
    if (newest === undefined) throw new Error("no leader");
    return newest;
  }

  /** Steps one event and lets out what it caused. */
  step(id: string, event: Event): void {
    const member = this.get(id);
    if (!member.up) return;
    if (event.type === "receive" && isLeaders(event.message) && event.message.term >= member.raft.term)
      this.checkers.waitsAnew(id);
    if (event.type === "tick") this.checkers.ticks(member);
    if (event.type === "read") this.checkers.reads(member, event.id);
    member.raft.step(event, { nowMs: member.nowMs, wallMs: member.wallMs });
    if (this.#hushed.has(id)) this.checkers.observe(member);
    else this.drain(id);
    if (event.type === "tick") this.checkers.ticked(member);
    // Its try counts once it is told to others.
    if (this.#hushed.has(id)) this.checkers.waitsAnew(id);
  }

  /** From now on a member hears one event after the other, as a process does that finds several in a turn. */
  hush(id: string): void {
    if (this.get(id).up) this.#hushed.add(id);
  }

  /** Now it says what all of them call for. */
  speak(id: string): void {
    if (this.#hushed.delete(id)) this.drain(id);
  }

  /** Takes out everything a member has to say; disk and state machine work at once unless they are slow. */
  drain(id: string): void {
    const member = this.get(id);
    while (member.raft.hasReady()) this.#turn(member, member.ready());
    this.checkers.observe(member);
  }

  /** Completes whatever is under way, and what follows. */
  flush(id: string): void {
    const member = this.get(id);
    const { slowDisk, slowApply, slowInstall } = member;
    member.slowDisk = false;
    member.slowApply = false;
    member.slowInstall = false;
    this.finishTask(id);
    this.finishApply(id);
    this.finishInstall(id);
    member.slowDisk = slowDisk;
    member.slowApply = slowApply;
    member.slowInstall = slowInstall;
  }

  finishTask(id: string): void {
    const member = this.get(id);
    const { task } = member;
    if (task === null) return;
    member.task = null;
    member.disk.write(task);
    this.step(id, { type: "append-done", seq: task.seq });
    this.checkers.written(member, task);
  }

  finishApply(id: string): void {
    const member = this.get(id);
    const entries = member.applying;
    member.applying = [];
    for (const entry of entries) {
      if (entry.index <= member.state.length) continue;
      const text = `${entry.term}:${entry.kind === "command" ? decoder.decode(entry.payload) : entry.kind}`;
      this.checkers.applied(member, entry, text);
      member.state.push(text);
    }
    const last = entries.at(-1);
    if (last !== undefined) this.step(id, { type: "apply-done", index: last.index });
  }

  /** The snapshot being received is whole. Only one that is still news takes the place of the state. */
  finishInstall(id: string): void {
    const member = this.get(id);
    const { installing } = member;
    if (installing === null) return;
    member.installing = null;
    const { last, timeMs, configuration, totalBytes, hash } = installing.head;
    if (last.index > member.raft.commit) {
      const state = this.#offered.get(hash)?.state ?? [];
      if (member.state.length < last.index) member.state = [...state];
      member.disk.snapshot = { last, timeMs, configuration, state };
    }
    this.step(id, { type: "snapshot-installed", last, timeMs, configuration });
    const { term } = member.raft;
    const reply = { type: "snapshot-reply", term, last, received: totalBytes, done: true } as const;
    this.#post(member, installing.from, reply);
  }

  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  isolate(id: string): void {
    for (const other of this.ids) if (other !== id) this.cut(id, other);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Delivers one parcel, unless its link is cut or its receiver is down. */
  deliver({ from, to, incarnation, message }: Parcel): void {
    if (this.#cuts.has(`${from} ${to}`)) return;
    const member = this.get(to);
    if (!member.up) return;
    const event: Receive = { type: "receive", from, incarnation, message };
    const sender = this.members.get(from);
    if (sender !== undefined && this.#hushed.has(to)) this.checkers.unspoken(to, from);
    else if (sender !== undefined) this.checkers.hears(member, sender, incarnation, message);
    const before = this.sent.length;
    this.step(to, event);
    if (message.type === "pre-vote" && member.task === null && !this.#hushed.has(to))
      this.checkers.asked(member, from, message, this.sent.slice(before));
    if (message.type === "snapshot-reply" && message.done)
      this.step(to, { type: "snapshot-sent", to: from, ok: true });
  }

  /** Hands a member a message as if it came from a peer. */
  tell(to: string, from: string, message: Message): void {
    this.deliver({ from, to, incarnation: this.get(from).incarnation, message });
  }

  /** Every message of that type that a member has sent, oldest first. */
  said<T extends Message["type"]>(from: string, type: T): Extract<Message, { type: T }>[] {
    return messagesOf(this.sent, from, type);
  }

  /** Delivers the parcels on the wire that `filter` lets through, in order; loses or keeps none of the others. */
  deliverSome(filter: (parcel: Parcel) => boolean): void {
    const chosen = this.wire.filter((parcel) => filter(parcel));
    this.wire = this.wire.filter((parcel) => !filter(parcel));
    for (const parcel of chosen) this.deliver(parcel);
  }

  /** Delivers until the wire is empty. */
  settle(): void {
    for (let parcel = this.wire.shift(); parcel !== undefined; parcel = this.wire.shift())
      this.deliver(parcel);
  }

  /** One tick for everybody, then everything is delivered. */
  tick(count = 1, ids: readonly string[] = this.ids): void {
    for (let k = 0; k < count; k += 1) {
      for (const id of ids) {
        const member = this.get(id);
        member.nowMs += 100;
        member.wallMs += 100;
        this.step(id, { type: "tick" });
      }
      this.settle();
    }
  }

  /** Ticks one member alone until it asks for votes, then delivers everything. */
  elect(id: string): Member {
    for (let k = 0; k < 60 && this.get(id).raft.role === "follower"; k += 1) this.step(id, { type: "tick" });
    this.settle();
    return this.get(id);
  }

  /** Time passes for everybody but leaders until nobody is loyal to anyone, with nothing delivered. */
  forget(ids: readonly string[] = this.ids): void {
    for (const id of ids) {
      const { raft } = this.get(id);
      for (let k = 0; k < 10 && raft.role === "follower"; k += 1) this.step(id, { type: "tick" });
    }
  }

  propose(id: string, ...texts: readonly string[]): number {
    const firstId = this.#nextId;
    this.#nextId += texts.length;
    this.step(id, { type: "propose", firstId, payloads: texts.map(bytes), ifTerm: null, isReserved: false });
    return firstId;
  }

  /** Asks a member for other members; what it answers. */
  change(id: string, changes: readonly MemberChange[], ifVersion: Index | null = null): Changed {
    const number = this.#nextChange;
    this.#nextChange += 1;
    this.step(id, { type: "change-members", id: number, changes, ifVersion });
    const answer = this.get(id).changes.find((one) => one.id === number);
    if (answer === undefined) throw new Error("a change is answered at once");
    return answer;
  }

  read(id: string, leaderOnly = false): number {
    const read = this.#nextRead;
    this.#nextRead += 1;
    this.step(id, { type: "read", id: read, leaderOnly });
    return read;
  }

  /** The process dies; what was not durable is gone. */
  crash(id: string): void {
    const member = this.get(id);
    this.#hushed.delete(id);
    member.up = false;
    member.task = null;
    member.applying = [];
    member.installing = null;
    this.checkers.crashed(member);
  }

  /**
   * A new life over what the disk holds. Answers to what the earlier one asked died with its links: it may have asked
   * before it remembered its term.
   */
  restart(id: string): void {
    this.wire = this.wire.filter(({ to, message }) => to !== id || !answers.has(message.type));
    this.#hushed.delete(id);
    this.get(id).start();
    this.checkers.crashed(this.get(id));
    this.drain(id);
    for (const other of this.ids) if (other !== id) this.link(id, other);
  }

  /** All data of a member is lost; a node under its id that knows nobody starts in its place. */
  replace(id: string, incarnation: string): void {
    if (this.get(id).up) this.crash(id);
    this.wire = this.wire.filter(({ from, to }) => from !== id && to !== id);
    this.get(id).lose(incarnation);
    this.restart(id);
  }

  /**
   * Both ends learn that their link stands. Streams on an earlier link are over: that of a snapshot, and that
   * of forwarded proposals, of which nothing arrives any more. Other messages may still come late, which is
   * worse than what links really do.
   */
  link(a: string, b: string): void {
    const pair = new Set([a, b]);
    this.wire = this.wire.filter(
      ({ from, to, message }) => !(pair.has(from) && pair.has(to) && message.type === "forward"),
    );
    this.step(a, { type: "snapshot-sent", to: b, ok: false });
    this.step(b, { type: "snapshot-sent", to: a, ok: false });
    this.step(a, { type: "peer-up", peer: b, incarnation: this.get(b).incarnation });
    this.step(b, { type: "peer-up", peer: a, incarnation: this.get(a).incarnation });
  }

  /** A snapshot of everything applied is taken and saved. */
  snapshot(id: string): void {
    const member = this.get(id);
    const index = member.raft.applied;
    const term = member.raft.termAt(index);
    if (term === null || index === 0) return;
    const configuration = member.raft.configurationAt(index);
    const last = { index, term };
    member.disk.snapshot = {
      last,
      timeMs: member.disk.at(index)?.timeMs ?? member.disk.snapshot?.timeMs ?? 0,
      configuration,
      state: member.state.slice(0, index),
    };
    const compactTo = Math.max(0, index - this.#trailingEntries);
    this.step(id, { type: "snapshot-saved", last, compactTo });
  }

  /** Payloads applied by a member, without the entries that leaders add. */
  commands(id: string): string[] {
    return this.get(id).commands;
  }

  terms(id: string): (number | null)[] {
    return this.get(id).terms;
  }

  #turn(member: Member, ready: Ready): void {
    for (const { to, message } of ready.messages) {
      this.checkers.sent(member, to, message);
      this.#post(member, to, message);
    }
    if (ready.compactTo !== null) member.disk.compactTo(ready.compactTo);
    member.reads.push(...ready.reads);
    member.leaseReads += ready.leaseReads;
    if (ready.leaseReads > 0) this.checkers.leased(member);
    member.placed.push(...ready.placed);
    member.dropped.push(...ready.dropped);
    member.refused.push(...ready.refused);
    member.changes.push(...ready.changed);
    member.removed = ready.removed;
    if (ready.transferEnded !== null) member.transfers.push(ready.transferEnded);
    for (const to of ready.sendSnapshot) this.#sendSnapshot(member, to);
    for (const offered of ready.receiveSnapshot) this.#receiveSnapshot(member, offered);
    if (ready.append !== null) {
      const { entries } = ready.append;
      this.checkers.entries(entries, member.raft.termAt((entries[0]?.index ?? 1) - 1));
      member.task = ready.append;
      if (!member.slowDisk) this.finishTask(member.id);
    }
    if (ready.apply !== null) {
      member.applying = ready.apply.entries;
      if (!member.slowApply) this.finishApply(member.id);
    }
  }

  #post(member: Member, to: string, message: Message): void {
    const parcel: Parcel = { from: member.id, to, incarnation: member.incarnation, message };
    this.sent.push(parcel);
    this.wire.push(parcel);
  }

  #sendSnapshot(member: Member, to: string): void {
    const { snapshot } = member.disk;
    if (snapshot === null) throw new Error("no snapshot to offer");
    const head = headOf(snapshot);
    this.#offered.set(head.hash, snapshot);
    const offer = { type: "snapshot-offer", term: member.raft.term, ...head } as const;
    this.checkers.sent(member, to, offer);
    this.#post(member, to, offer);
  }

  #receiveSnapshot(member: Member, offered: SnapshotOffered): void {
    member.installing = offered;
    if (!member.slowInstall) this.finishInstall(member.id);
  }
}
