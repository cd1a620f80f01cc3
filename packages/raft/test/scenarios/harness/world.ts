import { FlotillaError } from "@flotilla/runtime";
import type { MemberChange } from "../../../src/core/config/apply-changes.ts";
import type { Configuration } from "../../../src/core/config/configuration.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { Event } from "../../../src/core/event.ts";
import type { Message } from "../../../src/core/message.ts";
import type { Limits } from "../../../src/core/options.ts";
import type { Ready, SnapshotOffered } from "../../../src/core/ready.ts";
import type { Index, LogId } from "../../../src/core/types.ts";
import { founded, founding, headOf, nobody, type StoredSnapshot } from "../../core/member.ts";
import { Invariants } from "./invariants.ts";
import { ScenarioNode } from "./node.ts";
import * as print from "./print.ts";
import { ScenarioError } from "./script.ts";
import { type Parcel, type Selection, Wire } from "./wire.ts";

export interface WorldOptions {
  readonly size: number;
  /** Nodes beside those, which know nobody yet. */
  readonly joiners: number;
  readonly founding: boolean;
  readonly leases: boolean;
  readonly electionTicks: number;
  readonly trailingEntries: number;
  readonly limits: Partial<Limits>;
}

const encoder = new TextEncoder();
const tickMs = 100;
/** More than any honest turn takes. */
const maxReadies = 100;

/**
 * Pure cores, each with a disk and a state machine, joined by a wire. Nothing moves unless it is told to:
 * messages wait to be delivered, writes to be persisted, entries to be applied. Whatever a core lets out
 * becomes a line of output.
 */
export class World {
  readonly nodes: ReadonlyMap<string, ScenarioNode>;
  readonly wire: Wire = new Wire();
  readonly invariants: Invariants;
  readonly electionTicks: number;
  readonly #transfers = new Map<string, StoredSnapshot>();
  /** Whatever was offered, by its hash. */
  readonly #offered = new Map<string, StoredSnapshot>();
  readonly #trailingEntries: number;
  readonly #texts = new Map<string, string>();
  #lines: string[] = [];
  #proposed: readonly string[] = [];
  #reads = 0;

  constructor({ size, joiners, founding: isFounding, leases, trailingEntries, ...options }: WorldOptions) {
    const ids = Array.from({ length: size + joiners }, (_, k) => String(k + 1));
    const members = ids.slice(0, size);
    const known = isFounding ? founding(members) : { ...founded(members), leaseReads: leases };
    const knows = (id: string): Configuration => (members.includes(id) ? known : nobody);
    this.electionTicks = options.electionTicks;
    this.#trailingEntries = trailingEntries;
    this.nodes = new Map(
      ids.map((id, k) => [id, new ScenarioNode(k, { id, configuration: knows(id), ...options })]),
    );
    this.invariants = new Invariants(() => [...this.nodes.values()].map(({ member }) => member));
    for (const id of ids) this.drain(id);
    this.takeLines();
  }

  get ids(): string[] {
    return [...this.nodes.keys()];
  }

  get(id: string): ScenarioNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new ScenarioError(`there is no node ${id}`);
    return node;
  }

  say(line: string): void {
    this.#lines.push(line);
  }

  /** Takes out what was printed since the last call. */
  takeLines(): string[] {
    return this.#lines.splice(0);
  }

  /** What entry `at` carries, as far as it was seen anywhere. */
  textOf(at: LogId): string {
    return this.#texts.get(print.logId(at)) ?? "?";
  }

  /** One turn: steps the events, then lets out what they caused. Nothing happens to a node that is down. */
  turn(id: string, events: readonly Event[]): void {
    const node = this.get(id);
    const { member } = node;
    if (!member.up || events.length === 0) return;
    try {
      for (const event of events) member.raft.step(event, { nowMs: member.nowMs, wallMs: member.wallMs });
      this.drain(id);
    } catch (error) {
      if (!FlotillaError.is(error) || error.code === "ERR_FLOTILLA_INTERNAL") throw error;
      this.say(`${id} stops: ${error.code}`);
      this.stop(node);
    }
  }

  drain(id: string): void {
    const node = this.get(id);
    const { raft } = node.member;
    for (let count = 0; raft.hasReady(); count += 1) {
      if (count === maxReadies) throw new Error(`node ${id} is never done`);
      this.#carryOut(node, raft.ready());
    }
    this.invariants.observe(node.member);
  }

  tick(id: string): void {
    const { member } = this.get(id);
    member.nowMs += tickMs;
    member.wallMs += tickMs;
    this.turn(id, [{ type: "tick" }]);
  }

  propose(id: string, texts: readonly string[], ifTerm: number | null): void {
    const used = [...this.#proposed, ...texts];
    if (new Set(used).size < used.length) throw new ScenarioError("a proposal's text is used once");
    this.#proposed = used;
    const firstId = used.length - texts.length + 1;
    for (const [k, text] of texts.entries()) this.invariants.proposed(firstId + k, text);
    const payloads = texts.map((text) => encoder.encode(text));
    this.turn(id, [{ type: "propose", firstId, payloads, ifTerm, isReserved: false }]);
  }

  transfer(id: string, to: string | null): void {
    this.turn(id, [{ type: "transfer", to }]);
  }

  change(id: string, changes: readonly MemberChange[], ifVersion: Index | null): void {
    this.turn(id, [{ type: "change-members", id: 1, changes, ifVersion }]);
  }

  read(id: string, leaderOnly: boolean): void {
    this.#reads += 1;
    this.invariants.readFrom(this.#reads);
    this.turn(id, [{ type: "read", id: this.#reads, leaderOnly }]);
  }

  /** Hands over the selected parcels, all of one receiver in one turn. Returns how many there were. */
  deliver(selection: Selection): number {
    const parcels = this.wire.take(selection);
    for (const id of this.ids) {
      const mine = parcels.filter(({ to }) => to === id);
      this.turn(
        id,
        mine.flatMap((parcel) => this.#eventsOf(parcel)),
      );
    }
    return parcels.length;
  }

  /** The write under way becomes durable and the core is told. False when there is none. */
  persist(id: string): boolean {
    const node = this.get(id);
    const { task } = node.member;
    if (task === null) return false;
    node.member.task = null;
    node.unsynced = null;
    node.member.disk.write(task);
    this.turn(id, [{ type: "append-done", seq: task.seq }]);
    return true;
  }

  /** The state machine finishes what it was handed. False when there is nothing. */
  apply(id: string): boolean {
    const { member } = this.get(id);
    const list = member.applying;
    const last = list.at(-1);
    if (last === undefined) return false;
    member.applying = [];
    for (const entry of list) {
      this.invariants.applied(member, entry);
      member.state.push(`${entry.term}:${print.content(entry)}`);
    }
    this.turn(id, [{ type: "apply-done", index: last.index }]);
    return true;
  }

  /** A snapshot of the state at `index` becomes durable and the core is told. */
  snapshot(id: string, index: Index): void {
    const { member } = this.get(id);
    const { raft, disk, state } = member;
    const term = raft.termAt(index);
    if (term === null || index === 0 || index > raft.applied) {
      throw new ScenarioError(`node ${id} has not applied entry ${index}, or no longer knows it`);
    }
    const last = { index, term };
    const configuration = raft.configurationAt(index);
    const timeMs = disk.at(index)?.timeMs ?? 0;
    disk.snapshot = { last, timeMs, configuration, state: state.slice(0, index) };
    const compactTo = Math.max(0, index - this.#trailingEntries);
    this.turn(id, [{ type: "snapshot-saved", last, compactTo }]);
  }

  /** The snapshot that arrived becomes durable, with the state machine restored from it. */
  install(id: string): void {
    const node = this.get(id);
    const { incoming, member } = node;
    if (incoming === null) throw new ScenarioError(`no snapshot has arrived at node ${id}`);
    node.incoming = null;
    const { last, timeMs, configuration, totalBytes, hash } = incoming.head;
    const snapshot = this.#offered.get(hash);
    if (snapshot === undefined) throw new Error("a snapshot that nobody offered");
    member.disk.snapshot = snapshot;
    if (last.index > member.raft.commit) {
      member.state = [...snapshot.state];
      member.applying = [];
    }
    this.turn(id, [{ type: "snapshot-installed", last, timeMs, configuration }]);
    const { term } = member.raft;
    this.#post(node, incoming.from, { type: "snapshot-reply", term, last, received: totalBytes, done: true });
  }

  /** The transfer of a snapshot ended before it was installed. False when there is none. */
  giveUpTransfer(from: string, to: string): boolean {
    if (!this.#transfers.delete(`${from}->${to}`)) return false;
    this.turn(from, [{ type: "snapshot-sent", to, ok: false }]);
    return true;
  }

  /** Both ends learn that their link ended; `closedBy`: the end whose process closed it. */
  linkDown(a: string, b: string, closedBy: string | undefined): void {
    this.wire.cut(a, b);
    for (const [id, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      this.giveUpTransfer(id, peer);
      this.turn(id, [{ type: "peer-down", peer, byPeer: closedBy === peer }]);
    }
  }

  /** Both ends learn that a new link stands. */
  linkUp(a: string, b: string): void {
    this.wire.join(a, b);
    this.wire.clear(a, b);
    for (const [id, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      this.giveUpTransfer(id, peer);
      const { incarnation } = this.get(peer).member;
      this.turn(id, [{ type: "peer-up", peer, incarnation }]);
    }
  }

  /** The process ends. What it had sent may still arrive, what was on its way to it never does. */
  stop(node: ScenarioNode): void {
    node.stop();
    this.wire.take({ to: node.id });
    this.invariants.ended(node.member);
    for (const key of this.#transfers.keys()) if (key.startsWith(`${node.id}->`)) this.#transfers.delete(key);
  }

  restart(id: string): void {
    const node = this.get(id);
    node.restart();
    this.begin(node);
    for (const peer of this.ids) {
      if (peer !== id && this.get(peer).member.up && !this.wire.isCut(id, peer)) this.linkUp(id, peer);
    }
  }

  /** Lets a freshly started core say what it has to. */
  begin(node: ScenarioNode): void {
    this.#note(node.member.disk.entries);
    this.drain(node.id);
  }

  #eventsOf({ from, to, incarnation, message }: Parcel): Event[] {
    const heard: Event = { type: "receive", from, incarnation, message };
    const key = `${to}->${from}`;
    if (
      message.type !== "snapshot-reply" ||
      !message.done ||
      this.#transfers.get(key)?.last.index !== message.last.index
    ) {
      return [heard];
    }
    this.#transfers.delete(key);
    return [heard, { type: "snapshot-sent", to: from, ok: true }];
  }

  #carryOut(node: ScenarioNode, ready: Ready): void {
    const { id, member } = node;
    this.#report(node, ready);
    for (const { to, message } of ready.messages) this.#post(node, to, message);
    if (ready.append !== null) {
      this.invariants.task(member, ready.append);
      this.#note(ready.append.entries);
      member.task = ready.append;
      this.say(`${id} ${print.task(ready.append)}`);
    }
    if (ready.apply !== null) {
      member.applying = ready.apply.entries;
      this.say(`${id} applies ${print.entries(ready.apply.entries)}`);
    }
    if (ready.compactTo !== null) {
      member.disk.compactTo(ready.compactTo);
      this.say(`${id} lets go of the log up to ${print.logId(ready.compactTo)}`);
    }
    for (const to of ready.sendSnapshot) this.#startTransfer(node, to);
    for (const offered of ready.receiveSnapshot) this.#arrive(node, offered);
  }

  #report(node: ScenarioNode, ready: Ready): void {
    const { soft, configuration, reads, placed, dropped, transferEnded, changed, removed, leaseReads } =
      ready;
    const { id, member } = node;
    if (soft !== null) this.say(`${id} ${print.soft(soft)}`);
    if (configuration !== null && configuration.index !== node.reportedConfiguration) {
      node.reportedConfiguration = configuration.index;
      this.say(`${id} has configuration ${configuration.index}: ${print.members(configuration)}`);
    }
    const { commit } = member.raft;
    if (commit > node.reportedCommit) {
      node.reportedCommit = commit;
      this.say(`${id} commits ${commit}`);
    }
    for (const one of placed) this.say(`${id} ${print.placed(one)}`);
    for (const one of dropped) {
      this.invariants.dropped(one);
      this.say(`${id} ${print.dropped(one)}`);
    }
    for (const { refusal } of changed) if (refusal !== null) this.say(`${id} refuses: ${refusal.code}`);
    if (removed && !node.reportedRemoved) this.say(`${id} is removed`);
    node.reportedRemoved = removed;
    if (transferEnded !== null) this.say(`${id} transfer ${transferEnded}`);
    if (leaseReads > 0) {
      this.invariants.leased(member);
      this.say(`${id} answers ${leaseReads} from its lease`);
    }
    for (const one of reads) {
      this.invariants.read(one);
      this.say(`${id} ${print.read(one)}`);
    }
  }

  #note(entries: readonly Entry[]): void {
    for (const entry of entries) this.#texts.set(print.logId(entry), print.content(entry));
  }

  #post({ member }: ScenarioNode, to: string, message: Message): void {
    this.invariants.sent(member, to, message);
    if (message.type === "append") this.#note(message.entries);
    const parcel: Parcel = { from: member.id, to, incarnation: member.incarnation, message };
    const isUnderWay = this.get(to).member.up && this.wire.send(parcel);
    this.say(`${describe(parcel)}${isUnderWay ? "" : " (lost)"}`);
  }

  #startTransfer(node: ScenarioNode, to: string): void {
    const { disk, raft } = node.member;
    const { snapshot } = disk;
    if (snapshot === null) throw new Error(`node ${node.id} has no snapshot to send`);
    this.#transfers.set(`${node.id}->${to}`, snapshot);
    const head = headOf(snapshot);
    this.#offered.set(head.hash, snapshot);
    this.#post(node, to, { type: "snapshot-offer", term: raft.term, ...head });
  }

  #arrive(node: ScenarioNode, offered: SnapshotOffered): void {
    node.incoming = offered;
    this.say(`${node.id} receives snapshot ${print.logId(offered.head.last)} from ${offered.from}`);
  }
}

/** A parcel as one line. */
export function describe({ from, to, message }: Parcel): string {
  return `${from}->${to} ${print.message(message)}`;
}
