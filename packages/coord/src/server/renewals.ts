import type { LeaseId } from "@flotilla/kv";
import type { NodeId } from "@flotilla/raft";
import type { Clock, Random } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { decodeMemberMessage, encodeMemberMessage, maxLeasesPerMessage } from "./renewal-codec.ts";

/** Batches whose answer is awaited; an older one is given up, its sessions will renew again. */
const maxBatches = 64;

interface Renewal {
  readonly leases: readonly LeaseId[];
  readonly done: () => void;
}

export interface RenewalsOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly raft: Pick<RaftPort, "send" | "status">;
  readonly keeper: LeaseKeeper;
}

/** Brings the renewals of the sessions here to the leader, those of one turn in one message, and its word back. */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #sent = new Map<number, readonly Renewal[]>();
  #waiting: Renewal[] = [];
  #scheduled = false;
  #batch: number;

  constructor(options: RenewalsOptions) {
    this.#options = options;
    // An answer to an earlier life of this member must not look like one to this life.
    this.#batch = options.random.u32() * 2 ** 20;
  }

  /** Calls back once the leader vouched for all of them; never when it does not. */
  renew(leases: readonly LeaseId[], done: () => void): void {
    this.#waiting.push({ leases, done });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
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

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const { leader } = this.#options.raft.status();
    if (leader === null) return;
    for (const group of grouped(waiting)) this.#send(leader, group);
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
    for (const { leases, done } of group) if (!leases.some((id) => refused.has(id))) done();
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
