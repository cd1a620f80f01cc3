import type { LeaseId } from "@flotilla/kv";
import { decodeCommand, LeaseChanges } from "@flotilla/kv";
import type { ProposeOptions, Proposed, RaftStatus, ReadOptions } from "@flotilla/raft";
import type { Clock, Random } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { LeaseKeeper } from "../../src/server/lease-keeper.ts";
import { Renewals } from "../../src/server/renewals.ts";
import { driftBound } from "../../src/time-bounds.ts";
import type { LeaseCommand } from "./lease-client.ts";
import { LeaseClient, leaseTtlMs } from "./lease-client.ts";

interface Pending {
  readonly term: number;
  readonly command: LeaseCommand;
  readonly settle: (isIn: boolean) => void;
}

interface Lease {
  readonly id: LeaseId;
  readonly session: LeaseId;
  readonly ttlMs: number;
  readonly doomed: boolean;
}

const members = ["a", "b", "c"] as const;

function refusal(
  code: "ERR_FLOTILLA_DROPPED" | "ERR_FLOTILLA_NO_QUORUM" | "ERR_FLOTILLA_UNKNOWN_OUTCOME",
): FlotillaError {
  return new FlotillaError(code, "by the schedule");
}

/**
 * The keepers of three members over a log that is as it ought to be: one leader a term writes it, a leader that is
 * none any more can neither write it nor have its leadership confirmed, and hears of that only later.
 */
export class LeaseWorld {
  readonly kernel: Kernel;
  readonly members: readonly LeaseMember[];
  readonly clients: readonly LeaseClient<LeaseMember>[];
  readonly log: LeaseCommand[] = [];
  /** Leases whose end is committed. */
  readonly ended = new Set<LeaseId>();
  /** Who leads in this term; null: nobody yet. */
  leader: LeaseMember | null = null;
  term = 0;
  /** Messages are lost this often. */
  loss = 0.1;
  readonly #pending = new Set<Pending>();
  readonly #random: Random;

  constructor(seed: number) {
    this.kernel = new Kernel({ seed });
    this.#random = this.kernel.random("schedule");
    this.members = members.map((id) => new LeaseMember(this, id));
    this.clients = this.members.map((member, k) => {
      const { clock } = this.kernel.node(`client of ${member.id}`).start();
      return new LeaseClient(this, String(k + 1), clock, member);
    });
    for (const node of this.kernel.nodes())
      node.clock.setRate(1 + driftBound * (2 * this.#random.float() - 1));
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }

  member(id: string): LeaseMember {
    const found = this.members.find((each) => each.id === id);
    if (found === undefined) throw new Error(`there is no member ${id}`);
    return found;
  }

  async pass(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  /** Something travels; what arrives at a process that stands still waits for it to go on. */
  deliver(to: Clock, act: () => void): void {
    if (this.below(1000) < 1000 * this.loss) return;
    const lateMs = this.below(4) === 0 ? this.below(200) : this.below(5);
    this.kernel.after(0.1 + lateMs, () => void to.setTimer(0, act));
  }

  /** The log takes a command, wherever it comes from; of one that a term must hold for, only that term's leader's. */
  append(
    from: LeaseMember,
    command: LeaseCommand,
    ifTerm: number | undefined,
    settle: (isIn: boolean) => void,
  ): void {
    const isWrong = ifTerm !== undefined && (this.leader !== from || this.term !== ifTerm);
    if (this.leader === null || from.isCut || isWrong) {
      settle(false);
      return;
    }
    const pending: Pending = { term: this.term, command, settle };
    this.#pending.add(pending);
    this.kernel.after(1 + (this.below(4) === 0 ? this.below(400) : this.below(10)), () => {
      if (this.#pending.has(pending)) this.#decide(pending, true);
    });
  }

  /**
   * The leader of before is none any more, and does not know it yet; what it had begun is in the log or never will be.
   * Another one leads after a while.
   */
  depose(): void {
    for (const pending of this.#pending) this.#decide(pending, this.below(2) === 0);
    const former = this.leader;
    if (former === null) return;
    this.leader = null;
    const { term } = this;
    this.kernel.after(this.below(800), () => void former.clock.setTimer(0, () => former.follow(term)));
    this.kernel.after(this.below(300), () => this.#elect());
  }

  /** No word comes to that member or from it, but of the clients that are there. A leader is none for long. */
  cut(member: LeaseMember): void {
    for (const each of this.members) if (each !== member) this.#bringUp(each);
    member.isCut = true;
    if (this.leader === member) this.depose();
  }

  heal(): void {
    for (const member of this.members) this.#bringUp(member);
    if (this.leader === null) this.#elect();
  }

  /** Another term begins; its leader serves once it has applied all that is in the log. */
  #elect(): void {
    if (this.leader !== null) return;
    const able = this.members.filter(({ isCut }) => !isCut);
    const next = able[this.below(able.length)] ?? this.member("a");
    this.term += 1;
    const { term } = this;
    this.leader = next;
    this.kernel.after(1 + this.below(20), () => void next.clock.setTimer(0, () => next.lead(term)));
    for (const member of able)
      this.kernel.after(
        this.below(100),
        () => void member.clock.setTimer(0, () => member.hear(term, next.id)),
      );
  }

  #bringUp(member: LeaseMember): void {
    if (!member.isCut) return;
    member.isCut = false;
    const { term, leader } = this;
    const { length } = this.log;
    void member.clock.setTimer(this.below(20), () => {
      member.applyTo(length);
      if (leader !== null) member.hear(term, leader.id);
    });
  }

  #decide(pending: Pending, isIn: boolean): void {
    this.#pending.delete(pending);
    if (isIn) this.#commit(pending.command);
    pending.settle(isIn);
  }

  #commit(command: LeaseCommand): void {
    this.log.push(command);
    if (command.type === "expire") {
      for (const lease of command.leases) {
        this.ended.add(lease);
        for (const client of this.clients) client.judge(lease);
      }
    }
    const { length } = this.log;
    for (const member of this.members)
      this.kernel.after(this.below(30), () => {
        if (!member.isCut) member.clock.setTimer(0, () => member.applyTo(length));
      });
  }
}

/** One member: its keeper, its renewals, and the table as it has applied the log. */
export class LeaseMember {
  readonly id: string;
  readonly clock: Clock;
  readonly keeper: LeaseKeeper;
  readonly renewals: Renewals;
  isCut = false;
  readonly #world: LeaseWorld;
  readonly #changes = new LeaseChanges();
  readonly #table = new Map<LeaseId, Lease>();
  #applied = 0;
  #term = 0;
  #leader: string | null = null;

  constructor(world: LeaseWorld, id: string) {
    const host = world.kernel.node(id).start();
    this.#world = world;
    this.id = id;
    this.clock = host.clock;
    const raft = {
      propose: (payload: Uint8Array, options?: ProposeOptions) => this.#propose(payload, options),
      read: (options?: ReadOptions) => this.#read(options),
      send: (to: string, payload: Uint8Array) => {
        const target = world.member(to);
        if (!this.isCut && !target.isCut)
          world.deliver(target.clock, () => target.renewals.receive(id, payload));
      },
      // Renewals ask for nothing but who leads.
      status: () => ({ leader: this.#leader }) as RaftStatus,
    };
    const leases = {
      featureLevel: 1,
      leaseChanges: this.#changes,
      lease: (lease: LeaseId) => this.#table.get(lease) ?? null,
      leases: () => [...this.#table.values()],
      owned: () => 0,
    };
    const { clock, random } = host;
    this.keeper = new LeaseKeeper({ clock, raft, leases });
    this.renewals = new Renewals({ nodeId: id, clock, random, raft, keeper: this.keeper });
  }

  /** It hears that it leads, having applied everything that terms before have left. */
  lead(term: number): void {
    if (term < this.#term || this.#world.term !== term) return;
    this.applyTo(this.#world.log.length);
    this.#term = term;
    this.#leader = this.id;
    this.keeper.onStatus({ role: "leader", term, established: true });
    this.renewals.leaderChanged();
  }

  /** It hears that somebody else leads. */
  hear(term: number, leader: string): void {
    if (
      this.isCut ||
      term < this.#term ||
      leader === this.id ||
      (term === this.#term && this.#leader !== null)
    )
      return;
    this.#term = term;
    this.#leader = leader;
    this.keeper.onStatus({ role: "follower", term, established: false });
    this.renewals.leaderChanged();
  }

  /** It sees that it has led for too long without the others. */
  follow(term: number): void {
    if (this.#term !== term || this.#leader !== this.id) return;
    this.#leader = null;
    this.keeper.onStatus({ role: "follower", term, established: false });
  }

  applyTo(length: number): void {
    for (; this.#applied < length; this.#applied += 1) {
      const command = this.#world.log[this.#applied];
      if (command !== undefined) this.#apply(command);
    }
  }

  #apply(command: LeaseCommand): void {
    if (command.type === "expire") {
      for (const lease of command.leases) {
        this.#table.delete(lease);
        this.#changes.note(lease);
      }
      this.keeper.onApplied({ type: "expired", leases: command.leases });
      return;
    }
    const { lease } = command;
    const doomed = command.type === "doom" || this.#table.get(lease)?.doomed === true;
    if (command.type === "doom" && !this.#table.has(lease)) return;
    if (command.type === "attach" && this.#world.ended.has(lease)) return;
    this.#changes.note(lease);
    this.#table.set(lease, { id: lease, session: lease, ttlMs: leaseTtlMs, doomed });
    if (command.type === "attach")
      this.keeper.onApplied({ type: "attached", session: lease, attach: 1, lastSeq: 0, ttlMs: leaseTtlMs });
  }

  async #propose(payload: Uint8Array, options: ProposeOptions | undefined): Promise<Proposed> {
    const command = decodeCommand(payload);
    if (command.type !== "expire") throw new Error("a keeper proposes nothing but ends");
    return new Promise((resolve, reject) => {
      const settle = (isIn: boolean): void => {
        const error = refusal(
          this.#world.below(2) === 0 ? "ERR_FLOTILLA_UNKNOWN_OUTCOME" : "ERR_FLOTILLA_DROPPED",
        );
        this.clock.setTimer(0, () => (isIn ? resolve({ index: 1, term: 1, result: null }) : reject(error)));
      };
      this.clock.setTimer(this.#world.below(3), () =>
        this.#world.append(this, { type: "expire", leases: command.leases }, options?.ifTerm, settle),
      );
    });
  }

  /** A round to the others and back: it confirms who leads all the while. Anybody may read what the leader vouches for. */
  async #read(options: ReadOptions | undefined): Promise<number> {
    const { term, leader, log, kernel } = this.#world;
    const { length } = log;
    const mayRead = (leader === this && !this.isCut) || (leader !== null && options?.leaderOnly !== true);
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        if (!mayRead || this.#world.term !== term || this.#world.leader !== leader)
          return reject(refusal("ERR_FLOTILLA_NO_QUORUM"));
        this.applyTo(length);
        resolve(length);
      };
      kernel.after(
        1 + this.#world.below(this.#world.below(4) === 0 ? 300 : 8),
        () => void this.clock.setTimer(0, answer),
      );
    });
  }
}
