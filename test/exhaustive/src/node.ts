import { FlotillaError } from "@flotilla/runtime";
import type { AppendTask, Configuration, Index, Message } from "@flotilla/raft";
import type { Event, Raft, Ready } from "@flotilla/raft/parts";
import type { Act, Parcel, Violation } from "./act.ts";
import { digest, entryText, textOf } from "./copy.ts";
import { Disk } from "./disk.ts";
import type { Core } from "./load-core.ts";
import { drawsOf, incarnationOf, nobody } from "./members.ts";

/** The shortest that the core takes. */
export const electionTicks = 3;
/** What lies further back counts as this long ago. */
const mostTicks = 2 * electionTicks + 1;
/** More than any honest turn takes. */
const mostTurns = 100;
const tickMs = 100;

export interface Habits {
  readonly wait: number;
  readonly batch: number;
}

/** An entry as the state machine was handed it. */
export interface Applied {
  readonly index: Index;
  readonly text: string;
}

/** What came of an act beside what the member is now. */
export class Effects {
  readonly sent: Parcel[] = [];
  readonly applied: Applied[] = [];
  readonly reads: { readonly id: number; readonly index: Index | null }[] = [];
  /** Numbers of proposals that will never be applied. */
  readonly lost: number[] = [];
  /** A read was answered on the strength of a lease. */
  isLeased = false;
  violation: Violation | null = null;

  check(holds: boolean, invariant: string, facts: unknown): void {
    if (!holds) this.violation ??= { invariant, facts };
  }
}

type Offered = Ready["receiveSnapshot"][number];

const payloads = new TextEncoder();

/**
 * One member: a core, its disk, and what is half done about it. State machines do at once what they are handed. Nothing
 * in it is private by `#`, as a copy could not use that.
 */
export class Node {
  readonly id: string;
  readonly core: Core;
  /** What is drawn where it can be. */
  readonly wait: number;
  /** Entries in one append at most. */
  readonly batch: number;
  incarnation: string;
  disk: Disk;
  raft: Raft;
  life = 0;
  wipes = 0;
  /** The write under way. */
  task: AppendTask | null = null;
  /** The next write waits until it is told to finish. */
  isHeld = false;
  /** Offered, and not received as a whole yet. */
  installing: Offered | null = null;
  applied: Index = 0;
  nowMs = 0;

  constructor(core: Core, id: string, initial: Configuration, { wait, batch }: Habits) {
    this.id = id;
    this.core = core;
    this.wait = wait;
    this.batch = batch;
    this.incarnation = incarnationOf(id);
    this.disk = new Disk(core, initial);
    this.raft = this.start();
  }

  /** Equal for members that do the same from now on. */
  digest(): string {
    const { tick } = (this.raft as unknown as { readonly $s: { readonly tick: number } }).$s;
    return digest(textOf(this, tick, mostTicks));
  }

  /** Does what there is to do, and everything that follows at once. */
  act(act: Act, effects: Effects): void {
    try {
      this.perform(act, effects);
      this.drain(effects);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const details = FlotillaError.is(error) ? error.details : error.stack;
      effects.check(false, error.message, { id: this.id, details });
    }
  }

  private perform(act: Act, effects: Effects): void {
    switch (act.type) {
      case "receive":
        return this.receive(act.parcel);
      case "timeout":
        return this.timeOut(effects);
      case "wait":
        return this.tick(Math.min(electionTicks, this.raft.quietTicks()));
      case "pass":
        this.nowMs += tickMs;
        return this.tick(1);
      case "beat":
        return this.tick(1);
      case "lapse":
        return this.lapse();
      case "hold":
        this.isHeld = true;
        return;
      case "finish":
        return this.finish();
      case "reboot":
        return this.reboot(act.lost);
      case "wipe":
        return this.wipe();
      case "link":
        this.step({ type: "snapshot-sent", to: act.peer, ok: false });
        return this.step({ type: "peer-up", peer: act.peer, incarnation: act.incarnation });
      case "snapshot":
        return this.takeSnapshot();
      case "install":
        return this.install(effects);
      default:
        return this.call(act);
    }
  }

  private call(act: Extract<Act, { type: "propose" | "read" | "transfer" | "change" }>): void {
    switch (act.type) {
      case "propose": {
        const { number: firstId } = act;
        const list = [payloads.encode(`p${firstId}`)];
        return this.step({ type: "propose", firstId, payloads: list, ifTerm: null, isReserved: false });
      }
      case "read":
        return this.step({ type: "read", id: act.number, leaderOnly: false });
      case "transfer":
        return this.step({ type: "transfer", to: act.to });
      case "change": {
        const { number: id, changes } = act;
        return this.step({ type: "change-members", id, changes, ifVersion: null });
      }
    }
  }

  private step(event: Event): void {
    this.raft.step(event, { nowMs: this.nowMs, wallMs: this.nowMs });
  }

  private tick(count: number): void {
    for (let k = 0; k < count; k += 1) this.step({ type: "tick" });
  }

  private receive({ from, incarnation, message }: Parcel): void {
    this.step({ type: "receive", from, incarnation, message });
    if (message.type === "snapshot-reply" && message.done)
      this.step({ type: "snapshot-sent", to: from, ok: true });
  }

  private timeOut(effects: Effects): void {
    const before = effects.sent.length;
    for (let k = 0; k < 2 * electionTicks && effects.sent.length === before; k += 1) {
      this.tick(1);
      this.drain(effects);
    }
  }

  private lapse(): void {
    for (let k = 0; k <= electionTicks && this.raft.role === "leader"; k += 1) this.tick(1);
  }

  private finish(): void {
    const { task } = this;
    this.isHeld = false;
    if (task === null) return;
    this.task = null;
    this.disk.write(task);
    this.step({ type: "append-done", seq: task.seq });
  }

  private reboot(lost: boolean): void {
    // It may have reached the disk although nobody was told.
    if (this.task !== null && !lost) this.disk.write(this.task);
    this.life += 1;
    this.raft = this.start();
  }

  private wipe(): void {
    this.wipes += 1;
    this.life += 1;
    this.incarnation = incarnationOf(this.id, this.wipes);
    this.disk = new Disk(this.core, nobody);
    this.raft = this.start();
  }

  private start(): Raft {
    const { id, incarnation, disk } = this;
    this.task = null;
    this.isHeld = false;
    this.installing = null;
    this.applied = disk.snapshot?.last.index ?? 0;
    return new this.core.Raft({
      id,
      incarnation,
      electionTicks,
      heartbeatMs: tickMs,
      limits: { maxBatchEntries: this.batch },
      random: drawsOf(this.life, this.wait),
      start: { nowMs: this.nowMs, wallMs: this.nowMs },
      recovered: disk.recover(),
      reader: disk,
      probe: () => {},
    });
  }

  private takeSnapshot(): void {
    const { raft, disk, applied: index } = this;
    const term = raft.termAt(index);
    if (term === null) return;
    const last = { index, term };
    const timeMs = disk.at(index)?.timeMs ?? 0;
    disk.snapshot = { last, timeMs, configuration: raft.configurationAt(index) };
    this.step({ type: "snapshot-saved", last, compactTo: index });
  }

  private install(effects: Effects): void {
    const { installing } = this;
    if (installing === null) return;
    this.installing = null;
    const { last, timeMs, configuration, totalBytes } = installing.head;
    if (last.index > this.raft.commit) {
      this.disk.snapshot = { last, timeMs, configuration };
      this.applied = Math.max(this.applied, last.index);
    }
    this.step({ type: "snapshot-installed", last, timeMs, configuration });
    this.drain(effects);
    const { term } = this.raft;
    const reply = { type: "snapshot-reply", term, last, received: totalBytes, done: true } as const;
    this.send(installing.from, reply, effects);
  }

  private drain(effects: Effects): void {
    for (let count = 0; this.raft.hasReady(); count += 1) {
      if (count === mostTurns) throw new Error("never done");
      this.turn(this.raft.ready(), effects);
    }
  }

  private turn(ready: Ready, effects: Effects): void {
    for (const { to, message } of ready.messages) this.send(to, message, effects);
    if (ready.compactTo !== null) this.disk.compactTo(ready.compactTo);
    effects.reads.push(...ready.reads);
    if (ready.leaseReads > 0) effects.isLeased = true;
    for (const { firstId, certain } of ready.dropped) if (certain) effects.lost.push(firstId);
    for (const refused of ready.refused) effects.check(false, "HonestRefused", { id: this.id, refused });
    for (const to of ready.sendSnapshot) this.offer(to, effects);
    for (const offered of ready.receiveSnapshot) this.installing = offered;
    if (ready.append !== null) {
      this.task = ready.append;
      if (!this.isHeld) this.finish();
    }
    if (ready.apply !== null) this.apply(ready.apply.entries, effects);
  }

  private apply(entries: NonNullable<Ready["apply"]>["entries"], effects: Effects): void {
    for (const entry of entries) {
      const { index } = entry;
      const { id, applied, disk } = this;
      effects.check(index === applied + 1, "AppliedInOrder", { id, index, applied });
      effects.check(disk.last.index >= index, "AppliedWithinDurable", { id, index });
      effects.applied.push({ index, text: entryText(entry) });
      this.applied = index;
    }
    this.step({ type: "apply-done", index: this.applied });
  }

  private offer(to: string, effects: Effects): void {
    const { snapshot } = this.disk;
    if (snapshot === null) throw new Error("no snapshot to offer");
    const { last, timeMs, configuration } = snapshot;
    const hash = `${last.term}@${last.index}`;
    const { term } = this.raft;
    const offer = { type: "snapshot-offer", term, last, timeMs, configuration, totalBytes: 1, hash } as const;
    this.send(to, offer, effects);
  }

  private send(to: string, message: Message, effects: Effects): void {
    const { id, incarnation, disk } = this;
    effects.sent.push({ from: id, to, incarnation, message });
    const { term, vote } = disk.hardState;
    const facts = { id, to, message, durable: disk.hardState };
    if (message.type === "vote" || message.type === "append" || message.type === "heartbeat")
      effects.check(term === message.term && vote === id, "DurableBeforeSend", facts);
    if (message.type === "vote-reply" && message.granted)
      effects.check(term === message.term && vote === to, "DurableBeforeSend", facts);
    if (message.type !== "append-reply" || message.match === null) return;
    const stored = Math.max(disk.last.index, disk.snapshot?.last.index ?? 0);
    effects.check(term === message.term && stored >= message.match, "DurableBeforeSend", facts);
  }
}
