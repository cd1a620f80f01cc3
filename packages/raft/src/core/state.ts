import { invariant, type Random } from "@flotilla/runtime";
import { AskedReads } from "./asked-reads.ts";
import type { ConfigHistory } from "./config/config-history.ts";
import { isJoint, isMember, isVoter } from "./config/configuration.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Stamped } from "./event.ts";
import type { Leadership } from "./leadership.ts";
import type { RaftLog } from "./log/raft-log.ts";
import { type Limits, reservedLimits } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { Pledge } from "./pledge.ts";
import type { Changed, Dropped, Placed, ReadPoint, Refused, SnapshotOffered, TransferEnd } from "./ready.ts";
import type { Progress } from "./tracker/progress.ts";
import type { Tally } from "./tracker/tally.ts";
import type { HardState, Index, LogId, NodeId, Role, Term } from "./types.ts";

const leastElectionTicks = 3;

/** Proposals handed to the leader and not answered yet. */
export interface Forwarded {
  readonly firstId: number;
  readonly count: number;
  readonly bytes: number;
  readonly tick: number;
}

/** What a follower asked its leader for. */
export interface Asked {
  /** Added to the driver's ids on the wire, so that answers meant for an earlier life never match. */
  readonly forwardBase: number;
  readonly forwarded: Forwarded[];
  readonly reads: AskedReads;
}

/** How a follower comes to a try before its election timeout. */
export interface FastTrack {
  /** Peers whose process closed the link and has not come back. */
  readonly closed: Set<NodeId>;
  /** When to ask for pre-votes, monotonic ms; null: not at all. */
  deadlineMs: number | null;
}

/** Results of a turn for the driver. */
export interface Results {
  reads: ReadPoint[];
  placed: Placed[];
  dropped: Dropped[];
  sendSnapshot: NodeId[];
  receiveSnapshot: SnapshotOffered[];
  compactTo: LogId | null;
  transferEnded: TransferEnd | null;
  changed: Changed[];
  refused: Refused[];
  leaseReads: number;
}

function noResults(): Results {
  return {
    reads: [],
    placed: [],
    dropped: [],
    sendSnapshot: [],
    receiveSnapshot: [],
    compactTo: null,
    transferEnded: null,
    changed: [],
    refused: [],
    leaseReads: 0,
  };
}

// Most turns have no results: they share these, which are never added to.
const quiet: Results = noResults();

/** This node as a configuration sees it. */
interface Standing {
  readonly in: Configuration;
  readonly peers: readonly NodeId[];
  readonly isMember: boolean;
  readonly isVoter: boolean;
  readonly isSettled: boolean;
}

/** Everything one core knows. Handlers are functions over it; only they and this class change it. */
export class RaftState {
  readonly id: NodeId;
  readonly incarnation: string;
  readonly electionTicks: number;
  readonly askEveryTicks: number;
  /** How long a voter pledges itself to the leader it hears, where lease reads are on. */
  readonly pledgeMs: number;
  readonly commitDelayMs: number;
  readonly limits: Limits;
  /** The same with the share that is reserved for what frees something. */
  readonly reservedLimits: Limits;
  readonly random: Random;
  readonly probe: (name: string) => void;
  readonly accepts: (payload: Uint8Array) => boolean;
  readonly mayPledge: () => boolean;
  readonly log: RaftLog;
  readonly configs: ConfigHistory;
  readonly outbox: Outbox = new Outbox();
  readonly asked: Asked;
  /** Next id expected in each peer's stream of forwarded proposals. Kept when this node stops leading: it may have appended. */
  readonly forwardNext: Map<NodeId, number> = new Map();
  readonly fast: FastTrack = { closed: new Set(), deadlineMs: null };
  /** The data that the newest link to each peer proved. */
  readonly linkedAs: Map<NodeId, string> = new Map();
  /** Peers that said what nobody honest can say, until their link has been replaced. */
  readonly refused: Set<NodeId> = new Set();
  results: Results = noResults();
  now: Stamped;
  /** Ticks since construction. */
  tick = 0;
  role: Role = "follower";
  leader: NodeId | null = null;
  /** Present exactly while `role` is leader. */
  leading: Leadership | null = null;
  /** Answers to the campaign or pre-vote round under way. */
  tally: Tally | null = null;
  /** Tick at which the wait for a leader began. */
  waitingSince = 0;
  /** Ticks to wait, in [1, 2) election timeouts. */
  patience: number;
  /** Tick of the last message from the current leader. */
  leaderHeardTick = 0;
  pledge: Pledge | null;
  /** The first committed configuration that named this node, of those that were forgotten with their entries. */
  memberSince: Index | null;
  /** What the leader of that term was last told, or will be once it is durable: our log equals its up to here. */
  answered: LogId = { index: 0, term: 0 };
  /** Tick at which the append task under way began. */
  taskTick = 0;
  durableHard: HardState;
  #hard: HardState;
  #standing: Standing | null = null;

  /** So much waits for the disk that nothing more is taken up. A write is under way then, or about to begin. */
  get isLogFull(): boolean {
    return this.log.heldBytes > this.limits.cacheBytes + this.limits.maxUnstableBytes;
  }

  constructor(fixed: {
    readonly id: NodeId;
    readonly incarnation: string;
    readonly electionTicks: number;
    readonly askEveryTicks: number;
    readonly pledgeMs: number;
    readonly pledge: Pledge | null;
    readonly commitDelayMs: number;
    readonly limits: Limits;
    readonly random: Random;
    readonly probe: (name: string) => void;
    readonly accepts: (payload: Uint8Array) => boolean;
    readonly mayPledge: () => boolean;
    readonly memberSince: Index | null;
    readonly log: RaftLog;
    readonly configs: ConfigHistory;
    readonly hardState: HardState;
    readonly start: Stamped;
  }) {
    this.id = fixed.id;
    this.incarnation = fixed.incarnation;
    this.electionTicks = fixed.electionTicks;
    this.askEveryTicks = fixed.askEveryTicks;
    const { askEveryTicks, electionTicks } = this;
    invariant(electionTicks >= leastElectionTicks, "ElectionTicks", { electionTicks });
    invariant(askEveryTicks >= 1 && askEveryTicks < electionTicks, "AskEveryTicks", { askEveryTicks });
    this.pledgeMs = fixed.pledgeMs;
    this.pledge = fixed.pledge;
    this.commitDelayMs = fixed.commitDelayMs;
    this.limits = fixed.limits;
    this.reservedLimits = reservedLimits(fixed.limits);
    this.random = fixed.random;
    this.probe = fixed.probe;
    this.accepts = fixed.accepts;
    this.mayPledge = fixed.mayPledge;
    this.memberSince = fixed.memberSince;
    this.log = fixed.log;
    this.configs = fixed.configs;
    this.#hard = fixed.hardState;
    this.durableHard = fixed.hardState;
    this.now = fixed.start;
    this.patience = this.drawPatience();
    this.asked = {
      forwardBase: fixed.random.u32() * 2 ** 19,
      forwarded: [],
      reads: new AskedReads(fixed.random.u32()),
    };
  }

  get hard(): HardState {
    return this.#hard;
  }

  get term(): Term {
    return this.#hard.term;
  }

  get config(): Configuration {
    return this.configs.current;
  }

  /** Ids of the other voters, of both halves, sorted. */
  get peers(): readonly NodeId[] {
    return this.#standingNow().peers;
  }

  /** True when this node, with the data it has, is a voter, of either half. */
  get isVoter(): boolean {
    return this.#standingNow().isVoter;
  }

  /** True when this node, with the data it has, is a member, whatever its role. */
  get isMember(): boolean {
    return this.#standingNow().isMember;
  }

  /** True when a leader owes the configuration nothing: it is not joint, names this node, and nobody waits in it. */
  get isSettled(): boolean {
    return this.#standingNow().isSettled;
  }

  /** True when the append task under way has taken an election timeout. */
  get isDiskStalled(): boolean {
    return this.taskUnderWay && this.tick - this.taskTick >= this.electionTicks;
  }

  get taskUnderWay(): boolean {
    return this.log.mark.underWay;
  }

  /** Enters a later term, with nobody voted for. */
  enterTerm(term: Term): void {
    invariant(term > this.#hard.term && Number.isSafeInteger(term), "TermMonotone", {
      term,
      current: this.#hard.term,
    });
    this.#hard = { term, vote: null };
  }

  voteFor(id: NodeId): void {
    const { term, vote } = this.#hard;
    invariant(vote === null || vote === id, "OneVotePerTerm", { term, vote, id });
    if (vote === null) this.#hard = { term, vote: id };
  }

  drawPatience(): number {
    return this.electionTicks + this.random.below(this.electionTicks);
  }

  /** Begins a new, newly drawn wait for a leader. */
  restartWait(): void {
    this.waitingSince = this.tick;
    this.patience = this.drawPatience();
  }

  /** What is known of `from`, if it speaks with the data that this leader counts on. */
  progressOf(from: NodeId, incarnation: string): Progress | undefined {
    const progress = this.leading?.progress.get(from);
    return progress?.incarnation === incarnation ? progress : undefined;
  }

  /** True when there are results to take. */
  get hasResults(): boolean {
    const { results } = this;
    const { reads, placed, dropped, compactTo } = results;
    if (reads.length > 0 || placed.length > 0 || dropped.length > 0 || compactTo !== null) return true;
    const { sendSnapshot, receiveSnapshot, transferEnded, changed, refused, leaseReads } = results;
    if (sendSnapshot.length > 0 || receiveSnapshot.length > 0 || transferEnded !== null) return true;
    return changed.length > 0 || refused.length > 0 || leaseReads > 0;
  }

  /** Takes the results out. */
  takeResults(): Readonly<Results> {
    if (!this.hasResults) return quiet;
    const { results } = this;
    this.results = noResults();
    return results;
  }

  /** Opens once the current term is durable, and the log up to `index` too. */
  gate(index: Index): { readonly term: Term; readonly vote: null; readonly index: Index } {
    return { term: this.term, vote: null, index };
  }

  #standingNow(): Standing {
    const { config, id, incarnation } = this;
    if (this.#standing?.in === config) return this.#standing;
    const votes = isVoter(config, id, incarnation);
    const voters = new Set([...config.voters, ...config.outgoing].map((voter) => voter.id));
    voters.delete(id);
    this.#standing = {
      in: config,
      peers: [...voters].toSorted(),
      isMember: isMember(config, id, incarnation),
      isVoter: votes,
      isSettled: votes && !isJoint(config) && !config.learners.some(({ promote }) => promote),
    };
    return this.#standing;
  }
}
