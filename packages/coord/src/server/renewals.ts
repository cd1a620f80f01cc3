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
const gatherMs = 20;

interface Renewal {
  readonly owner: object;
  readonly leases: readonly LeaseId[];
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
 * Brings the renewals of the sessions here to the leader, those of one moment in one message, and its word back.
 * The latest of each session is told again until somebody vouches for it: that is safe, because its receipt only
 * moves the deadline, and the client counts from its first send.
 */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #sent = new Map<number, readonly Renewal[]>();
  /** The latest of each owner, while nobody answered it. */
  readonly #open = new Map<object, Renewal>();
  #waiting: Renewal[] = [];
  #scheduled = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  #gathering: Timer | undefined;
  #retry: Timer | undefined;
  #batch: number;

  constructor(options: RenewalsOptions) {
    this.#options = options;
    // An answer to an earlier life of this member must not look like one to this life.
    this.#batch = options.random.u32() * 2 ** 20;
  }

  /** Calls back once the leader vouched for some of them, with those that it refuses; never when it refuses all. */
  renew(owner: object, leases: readonly LeaseId[], done: (refused: ReadonlySet<LeaseId>) => void): void {
    const renewal = { owner, leases, done };
    this.#open.set(owner, renewal);
    this.#waiting.push(renewal);
    this.#schedule();
  }

  /** The owner is gone. */
  forget(owner: object): void {
    this.#open.delete(owner);
  }

  /** Somebody else may lead: tells what is open again. */
  leaderChanged(): void {
    this.#waiting = [...this.#open.values()];
    this.#flushedMs = Number.NEGATIVE_INFINITY;
    if (this.#waiting.length > 0) this.#schedule();
  }

  close(): void {
    this.#open.clear();
    this.#waiting = [];
    this.#retry?.cancel();
    this.#gathering?.cancel();
  }

  /**
   * A message from another member.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
   */
  receive(from: NodeId, payload: Uint8Array): void {
    const message = decodeMemberMessage(payload);
    if (message.type === "vouched") {
      this.#settle(message.batch, new Set(message.refused));
      return;
    }
    this.#options.keeper.renew(message.leases, (refused) => {
      const answer = { type: "vouched", batch: message.batch, refused: [...refused] } as const;
      this.#options.raft.send(from, encodeMemberMessage(answer));
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock } = this.#options;
    const flush = (): void => {
      this.#scheduled = false;
      this.#flush();
    };
    const waitMs = this.#flushedMs + gatherMs - clock.now();
    if (waitMs > 0) this.#gathering = clock.setTimer(waitMs, flush);
    else clock.defer(flush);
  }

  #flush(): void {
    this.#flushedMs = this.#options.clock.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#armRetry();
    const { leader } = this.#options.raft.status();
    if (leader === null) return;
    for (const group of grouped(waiting)) this.#send(leader, group);
  }

  #armRetry(): void {
    if (this.#retry !== undefined || this.#open.size === 0) return;
    this.#retry = this.#options.clock.setTimer(retryMs, () => {
      this.#retry = undefined;
      this.leaderChanged();
    });
  }

  #send(leader: NodeId, group: readonly Renewal[]): void {
    const batch = this.#remember(group);
    const leases = [...new Set(group.flatMap((renewal) => renewal.leases))];
    if (leader === this.#options.nodeId) {
      this.#options.keeper.renew(leases, (refused) => this.#settle(batch, refused));
    } else {
      this.#options.raft.send(leader, encodeMemberMessage({ type: "renew", batch, leases }));
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
    for (const renewal of group) {
      if (this.#open.get(renewal.owner) === renewal) this.#open.delete(renewal.owner);
      if (!renewal.leases.every((id) => refused.has(id))) renewal.done(refused);
    }
  }
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
