import type { Parts, RaftPort } from "@flotilla/coord/parts";
import { Machine } from "@flotilla/kv";
import type { TreeEvent } from "@flotilla/kv";
import type { Index, Proposed, ProposeOptions, RaftStatus } from "@flotilla/raft";
import { FlotillaError } from "@flotilla/runtime";
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

/** Nobody leads for so long, ms. */
const vacancyMs = 200;

interface Proposal {
  readonly resolve: (proposed: Proposed) => void;
  readonly reject: (error: Error) => void;
}

/** One member: the real one but for its raft, which is a log that all members share. */
class Member implements RaftPort {
  readonly id: string;
  readonly parts: Parts;
  readonly machine: Machine = new Machine({ historyLimits: { events: 1_000 } });
  readonly #members: Members;
  readonly #lane: Lane;
  readonly #proposals = new Map<Index, Proposal>();
  #reads: { readonly index: Index; readonly resolve: (index: Index) => void }[] = [];
  #deferred: (() => void)[] = [];
  #leader: string | null = "1";

  constructor(members: Members, sources: CoordSources, id: string, lane: Lane) {
    this.id = id;
    this.#members = members;
    this.#lane = lane;
    const clock = members.time.clock(servers, (fn) => void this.#deferred.push(fn));
    const host: ClientHost = hostOf(`member ${id}`, clock, (text) => members.tell(text));
    const observer = {
      applied: (index: Index, _applied: unknown, events: readonly TreeEvent[]) => members.see(index, events),
    };
    this.parts = sources.assemble(
      host,
      { id, cluster: "explored", secret: undefined },
      observer,
      this.machine,
    );
    this.parts.raft.bind(this);
  }

  propose(payload: Uint8Array, { ifTerm = this.#members.term }: ProposeOptions = {}): Promise<Proposed> {
    const { term, leader } = this.#members;
    if (ifTerm !== term || leader === null) return Promise.reject(nobodyLeads());
    const index = this.#members.append(payload);
    return new Promise((resolve, reject) => this.#proposals.set(index, { resolve, reject }));
  }

  read(): Promise<Index> {
    if (this.#members.leader === null) return Promise.reject(nobodyLeads());
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
    const { leader, term } = this.#members;
    return {
      id: this.id,
      role: this.#isLeader ? "leader" : "follower",
      term,
      leader,
      established: this.#isLeader,
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

  /** Somebody else leads, or nobody. What became of what it proposed and has not applied, it is not told. */
  led(leases: boolean): void {
    if (this.#isLeader) this.#catchUp();
    else for (const index of this.#proposals.keys()) this.#lose(index);
    if (leases) this.parts.keeper.onStatus(this.status());
    const { leader } = this.#members;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.parts.hub.leaderChanged();
    this.parts.renewals.leaderChanged();
  }

  /** There is one more entry, which who leads applies before anything else happens. */
  appended(lanes: Lanes): void {
    if (!this.#isLeader) lanes.push(this.#lane, () => this.#applyNext());
  }

  /** What it has to do by itself; false: nothing. */
  work(): boolean {
    const due = this.#deferred;
    this.#deferred = [];
    for (const fn of due) fn();
    const isBehind = this.#isLeader && this.machine.lastIndex < this.#members.length;
    if (isBehind) this.#applyNext();
    return isBehind || due.length > 0;
  }

  get #isLeader(): boolean {
    return this.#members.leader === this.id;
  }

  #catchUp(): void {
    this.#lane.items.length = 0;
    while (this.machine.lastIndex < this.#members.length) this.#applyNext();
  }

  #lose(index: Index): void {
    const text = "the leader that took it is out of sight";
    this.#proposals
      .get(index)
      ?.reject(new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", text, { ambiguous: true }));
    this.#proposals.delete(index);
  }

  #applyNext(): void {
    const index = this.machine.lastIndex + 1;
    const entry = this.#members.entry(index);
    const { term } = this.#members;
    const result = this.parts.stateMachine.apply({ index, term, ...entry });
    this.#proposals.get(index)?.resolve({ index, term, result });
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

function nobodyLeads(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DROPPED", "nobody leads who could take it");
}

/** The members of a cluster in which what is appended is committed. */
export class Members {
  readonly time: Time;
  readonly configuration: RaftStatus["configuration"];
  readonly #lanes: Lanes;
  readonly #onlooker: Onlooker;
  readonly #entries: Entry[] = [];
  readonly #members: readonly Member[];
  #soon: (() => void)[] = [];
  #isCounting = false;
  #leader: string | null = "1";
  #term = 1;
  #seen: Index = 0;

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
    this.#members = ids.map(
      (id) => new Member(this, sources, id, lanes.open(`log ${id}`, "log", servers, null)),
    );
  }

  get length(): Index {
    return this.#entries.length;
  }

  /** Who leads; null: nobody does. */
  get leader(): string | null {
    return this.#leader;
  }

  get term(): number {
    return this.#term;
  }

  /** The tree, as whoever leads has it, or will. */
  get tree(): Machine {
    return this.#members.reduce((a, b) => (b.machine.lastIndex > a.machine.lastIndex ? b : a)).machine;
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

  /** The first to apply an entry tells of it. */
  see(index: Index, events: readonly TreeEvent[]): void {
    if (index <= this.#seen) return;
    this.#seen = index;
    this.#onlooker.changed(events);
  }

  /** Nobody leads any more, and after a while the next one. */
  elect(): void {
    const last = Number(this.#leader);
    this.#isCounting = true;
    this.#lead(null);
    this.time.after(vacancyMs, servers, () => {
      this.#term += 1;
      this.#lead(String((last % this.#members.length) + 1));
    });
  }

  #lead(leader: string | null): void {
    this.#leader = leader;
    for (const member of this.#members) member.led(this.#isCounting);
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
    for (const member of this.#members) member.led(true);
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
