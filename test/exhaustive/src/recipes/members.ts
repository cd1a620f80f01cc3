import type { Parts, RaftPort } from "@flotilla/coord/parts";
import { Machine } from "@flotilla/kv";
import type { TreeEvent } from "@flotilla/kv";
import type { Index, Proposed, ProposeOptions, RaftStatus } from "@flotilla/raft";
import type { ClientHost } from "@flotilla/runtime";
import { hostOf } from "./host.ts";
import type { Lane, Lanes } from "./lanes.ts";
import { servers } from "./lanes.ts";
import type { CoordSources } from "./load-coord.ts";
import { quiet } from "./quiet.ts";
import type { Time } from "./time.ts";

interface Entry {
  readonly payload: Uint8Array;
  readonly timeMs: number;
}

const term = 1;

/** One member: the real one but for its raft, which is a log that all members share. */
class Member implements RaftPort {
  readonly id: string;
  readonly parts: Parts;
  readonly machine: Machine = new Machine({ historyLimits: { events: 1_000 } });
  readonly #members: Members;
  readonly #lane: Lane | null;
  readonly #proposals = new Map<Index, (proposed: Proposed) => void>();
  #reads: { readonly index: Index; readonly resolve: (index: Index) => void }[] = [];
  #deferred: (() => void)[] = [];

  constructor(members: Members, sources: CoordSources, id: string, lane: Lane | null) {
    this.id = id;
    this.#members = members;
    this.#lane = lane;
    const clock = members.time.clock(servers, (fn) => void this.#deferred.push(fn));
    const host: ClientHost = hostOf(`member ${id}`, clock, (text) => members.tell(text));
    const observer =
      lane === null
        ? { applied: (_index: Index, _applied: unknown, events: readonly TreeEvent[]) => members.see(events) }
        : {};
    this.parts = sources.assemble(
      host,
      { id, cluster: "explored", secret: undefined },
      observer,
      this.machine,
    );
    this.parts.raft.bind(this);
  }

  propose(payload: Uint8Array, options: ProposeOptions = {}): Promise<Proposed> {
    if (options.ifTerm !== undefined && this.#lane !== null)
      return Promise.reject(new Error("only a leader asks for its term"));
    const index = this.#members.append(payload);
    return new Promise((resolve) => this.#proposals.set(index, resolve));
  }

  read(): Promise<Index> {
    const index = this.#members.length;
    if (this.machine.lastIndex >= index) return Promise.resolve(index);
    return new Promise((resolve) => this.#reads.push({ index, resolve }));
  }

  send(to: string, payload: Uint8Array): void {
    this.#deferred.push(() => this.#members.of(to).parts.renewals.receive(this.id, payload));
  }

  fail(error: Error): void {
    this.#members.tell(`member ${this.id} stopped: ${String(error)}`);
  }

  status(): RaftStatus {
    const isLeader = this.#lane === null;
    return {
      id: this.id,
      role: isLeader ? "leader" : "follower",
      term,
      leader: "1",
      established: isLeader,
      commit: this.#members.length,
      applied: this.machine.lastIndex,
      lastIndex: this.#members.length,
      firstIndex: 1,
      logBytes: 0,
      snapshotIndex: 0,
      configuration: this.#members.configuration,
      configurationCommitted: true,
      memberSince: 1,
      peers: [],
      waiting: { proposals: 0, reads: 0 },
    };
  }

  /** There is one more entry, which who leads applies before anything else happens. */
  appended(lanes: Lanes): void {
    if (this.#lane !== null) lanes.push(this.#lane, () => this.#applyNext());
  }

  /** What it has to do by itself; false: nothing. */
  work(): boolean {
    const due = this.#deferred;
    this.#deferred = [];
    for (const fn of due) fn();
    const isBehind = this.#lane === null && this.machine.lastIndex < this.#members.length;
    if (isBehind) this.#applyNext();
    return isBehind || due.length > 0;
  }

  #applyNext(): void {
    const index = this.machine.lastIndex + 1;
    const entry = this.#members.entry(index);
    const result = this.parts.stateMachine.apply({ index, term, ...entry });
    this.#proposals.get(index)?.({ index, term, result });
    this.#proposals.delete(index);
    const due = this.#reads.filter((read) => read.index <= index);
    this.#reads = this.#reads.filter((read) => read.index > index);
    for (const read of due) read.resolve(index);
  }
}

/** What members tell of. */
export interface Onlooker {
  /** Changes of the tree, of one command. */
  changed(events: readonly TreeEvent[]): void;
  /** Something went wrong. */
  trouble(text: string): void;
}

/** The members of a cluster in which the first one leads for ever: what is appended is committed. */
export class Members {
  readonly time: Time;
  readonly configuration: RaftStatus["configuration"];
  readonly #lanes: Lanes;
  readonly #onlooker: Onlooker;
  readonly #entries: Entry[] = [];
  readonly #members: readonly Member[];
  #soon: (() => void)[] = [];
  #isCounting = false;

  constructor(sources: CoordSources, time: Time, lanes: Lanes, count: number, onlooker: Onlooker) {
    this.time = time;
    this.#lanes = lanes;
    this.#onlooker = onlooker;
    const ids = Array.from({ length: count }, (_, k) => String(k + 1));
    const voters = ids.map((id) => ({ id, address: `127.0.0.1:${id}`, incarnation: "0".repeat(32) }));
    this.configuration = {
      index: 1,
      historyId: "f".repeat(32),
      voters,
      outgoing: [],
      learners: [],
      leaseReads: false,
    };
    this.#members = ids.map((id, k) => {
      const lane = k === 0 ? null : lanes.open(`log ${id}`, "log", servers, null);
      return new Member(this, sources, id, lane);
    });
  }

  get length(): Index {
    return this.#entries.length;
  }

  /** The tree, as whoever leads has it. */
  get tree(): Machine {
    return this.of("1").machine;
  }

  of(id: string): Member {
    const member = this.#members.find((each) => each.id === id);
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  entry(index: Index): Entry {
    const entry = this.#entries[index - 1];
    if (entry === undefined) throw new Error(`there is no entry ${index}`);
    return entry;
  }

  append(payload: Uint8Array): Index {
    // What proposes uses its memory again.
    this.#entries.push({ payload: payload.slice(), timeMs: Math.floor(this.time.wallMs) });
    for (const member of this.#members) member.appended(this.#lanes);
    return this.length;
  }

  see(events: readonly TreeEvent[]): void {
    this.#onlooker.changed(events);
  }

  tell(text: string): void {
    this.#onlooker.trouble(text);
  }

  /**
   * From now on sessions may end that are not renewed, as after a change of the leader: before, nobody could miss his renewals,
   * and nobody counts them.
   */
  countLeases(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    for (const member of this.#members) member.parts.keeper.onStatus(member.status());
  }

  get isCounting(): boolean {
    return this.#isCounting;
  }

  /** Runs something before anything else that is chosen happens. */
  soon(fn: () => void): void {
    this.#soon.push(fn);
  }

  /** Until all members have done what they do by themselves. */
  async settle(): Promise<void> {
    do await quiet();
    while (this.#work());
  }

  #work(): boolean {
    const soon = this.#soon;
    this.#soon = [];
    for (const fn of soon) fn();
    let hasWorked = soon.length > 0;
    for (const member of this.#members) if (member.work()) hasWorked = true;
    return hasWorked;
  }
}
