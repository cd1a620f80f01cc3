import type { LeaseId } from "@flotilla/kv";
import type { NodeId } from "@flotilla/raft";
import type { Clock, Random, Timer } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { decodeMemberMessage, encodeMemberMessage, maxLeasesPerMessage } from "./renewal-codec.ts";

/** Batches whose answer is awaited; an older one is given up. */
const maxBatches = 64;
/** What nobody vouched for is told again after this time, ms. */
const retryMs = 500;
/** Renewals that come within this time after others are told together, ms: each message takes a round of heartbeats. */
const gatherMs = 250;
/** The same as a share of the TTL: who waits for an answer soon thinks that none gets through. */
const gatherShare = 1 / 40;
/** The same for whoever was not answered the last time, or never: it may have lapsed, and waits to go on. */
const firstGatherMs = 20;
/** Renewals answered in one turn: each answer is a write to a socket. */
const answersPerTurn = 64;

/** Whoever renews. */
export interface RenewalOwner {
  /** Its latest while nobody answered it; null once somebody did, undefined before the first. Kept by `Renewals`. */
  latest?: Renewal | null | undefined;
}

/** What a session wants to be vouched for. */
export interface Renewal {
  /** One renewal of each owner is told again, the latest. */
  readonly owner: RenewalOwner;
  readonly leases: readonly LeaseId[];
  /** The shortest time to live among them, ms. */
  readonly shortestMs: number;
  /** Called once the leader answered, with those that it refuses. */
  readonly done: (refused: ReadonlySet<LeaseId>) => void;
}

/** What renewals need. */
export interface RenewalsOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly raft: Pick<RaftPort, "send" | "status">;
  readonly keeper: LeaseKeeper;
}

/**
 * Brings the renewals of the sessions here to the leader, those of about one moment in one message, and its word back.
 * The latest of each session is told again until the leader answers it: that is safe, because its receipt only
 * moves the deadline, and the client counts from its first send.
 */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #sent = new Map<number, readonly Renewal[]>();
  /** Those that nobody answered, and others that are no use any more. */
  #unanswered: Renewal[] = [];
  #waiting: Renewal[] = [];
  /** When what waits is told; `Infinity` while nothing waits. */
  #dueMs = Number.POSITIVE_INFINITY;
  #flushedMs = Number.NEGATIVE_INFINITY;
  #gathering: Timer | undefined;
  #retry: Timer | undefined;
  #batch: number;

  constructor(options: RenewalsOptions) {
    this.#options = options;
    // An answer to an earlier life of this member must not look like one to this life.
    this.#batch = options.random.u32() * 2 ** 20;
  }

  /** Tells the leader, with what else is renewed at about this time. */
  renew(renewal: Renewal): void {
    const patienceMs = renewal.owner.latest === null ? gatherMs : firstGatherMs;
    renewal.owner.latest = renewal;
    this.#unanswered.push(renewal);
    this.#waiting.push(renewal);
    this.#schedule(this.#flushedMs + Math.min(patienceMs, renewal.shortestMs * gatherShare));
  }

  /** The owner is gone. */
  forget(owner: RenewalOwner): void {
    owner.latest = undefined;
  }

  /** Somebody else may lead: tells what is open again. */
  leaderChanged(): void {
    this.#waiting = this.#open();
    if (this.#waiting.length > 0) this.#schedule(Number.NEGATIVE_INFINITY);
  }

  close(): void {
    this.#unanswered = [];
    this.#waiting = [];
    this.#retry?.cancel();
    this.#gathering?.cancel();
  }

  /**
   * A message from another member.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
   */
  receive(from: NodeId, payload: Uint8Array): void {
    const message = decodeMemberMessage(payload, (first) => this.#options.keeper.listFrom(first));
    if (message.type === "vouched") {
      this.#settle(message.batch, new Set(message.refused));
      return;
    }
    this.#options.keeper.renew(message.lists, (refused) => {
      const answer = { type: "vouched", batch: message.batch, refused: [...refused] } as const;
      this.#options.raft.send(from, encodeMemberMessage(answer));
    });
  }

  /** Those that nobody answered. */
  #open(): Renewal[] {
    const open = this.#unanswered.filter(isOpen);
    this.#unanswered = [...open];
    return open;
  }

  #schedule(dueMs: number): void {
    if (dueMs >= this.#dueMs) return;
    const { clock } = this.#options;
    this.#gathering?.cancel();
    this.#gathering = undefined;
    const waitMs = dueMs - clock.now();
    this.#dueMs = waitMs > 0 ? dueMs : Number.NEGATIVE_INFINITY;
    if (waitMs > 0) this.#gathering = clock.setTimer(waitMs, () => this.#flush());
    else clock.defer(() => this.#flush());
  }

  #flush(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#flushedMs = this.#options.clock.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#armRetry();
    const { leader } = this.#options.raft.status();
    if (leader === null) return;
    for (const group of grouped(waiting)) this.#send(leader, group);
  }

  #armRetry(): void {
    if (this.#retry !== undefined) return;
    const told = this.#open();
    if (told.length === 0) return;
    this.#retry = this.#options.clock.setTimer(retryMs, () => {
      this.#retry = undefined;
      // Not as arguments of one call: of those there may be too many.
      for (const renewal of told) if (isOpen(renewal)) this.#waiting.push(renewal);
      if (this.#waiting.length > 0) this.#schedule(Number.NEGATIVE_INFINITY);
      else this.#armRetry();
    });
  }

  #send(leader: NodeId, group: readonly Renewal[]): void {
    const batch = this.#remember(group);
    const lists = group.map((renewal) => renewal.leases);
    if (leader === this.#options.nodeId) {
      this.#options.keeper.renew(lists, (refused) => this.#settle(batch, refused));
    } else {
      this.#options.raft.send(leader, encodeMemberMessage({ type: "renew", batch, lists }));
    }
  }

  #remember(group: readonly Renewal[]): number {
    this.#batch += 1;
    this.#sent.set(this.#batch, group);
    for (const batch of this.#sent.keys()) {
      if (this.#sent.size <= maxBatches) break;
      this.#sent.delete(batch);
    }
    return this.#batch;
  }

  #settle(batch: number, refused: ReadonlySet<LeaseId>): void {
    const group = this.#sent.get(batch);
    if (group === undefined) return;
    this.#sent.delete(batch);
    this.#answer(group, 0, refused);
  }

  #answer(group: readonly Renewal[], from: number, refused: ReadonlySet<LeaseId>): void {
    const to = from + answersPerTurn;
    for (const renewal of group.slice(from, to)) {
      if (isOpen(renewal)) renewal.owner.latest = null;
      renewal.done(refused);
    }
    if (to < group.length) this.#options.clock.defer(() => this.#answer(group, to, refused));
  }
}

/** It is its owner's latest, and nobody answered it. */
function isOpen(renewal: Renewal): boolean {
  return renewal.owner.latest === renewal;
}

/** Groups whose leases fit into one message each. */
function grouped(renewals: readonly Renewal[]): Renewal[][] {
  const groups: Renewal[][] = [];
  let count = maxLeasesPerMessage;
  for (const renewal of renewals) {
    const last = groups.at(-1);
    count += renewal.leases.length;
    if (last === undefined || count > maxLeasesPerMessage) {
      groups.push([renewal]);
      count = renewal.leases.length;
    } else {
      last.push(renewal);
    }
  }
  return groups;
}
