import { decodeCommand, LeaseChanges } from "@flotilla/kv";
import type { Proposed, ProposeOptions, ReadOptions } from "@flotilla/raft";
import { LeaseKeeper } from "../../src/server/lease-keeper.ts";
import { FakeClock } from "./fake-clock.ts";

export const ttlMs = 10_000;

interface Open<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** A keeper whose log and state machine the test plays. */
export class KeeperWorld {
  readonly clock = new FakeClock();
  readonly changes = new LeaseChanges();
  readonly table = new Map<string, { id: string; session: string; ttlMs: number; doomed: boolean }>();
  /** How many nodes end with a lease; without an entry none. */
  readonly owned = new Map<string, number>();
  readonly expired: { readonly leases: readonly string[]; readonly ifTerm: number | undefined }[] = [];
  readonly reads: (Open<number> & { readonly options: ReadOptions | undefined })[] = [];
  readonly proposals: Open<Proposed>[] = [];
  readonly refused: (readonly string[])[] = [];
  readonly keeper: LeaseKeeper;

  constructor() {
    this.keeper = new LeaseKeeper({
      clock: this.clock,
      raft: {
        propose: (payload, options) => this.#propose(payload, options),
        read: (options) => this.#read(options),
      },
      leases: {
        featureLevel: 1,
        leaseChanges: this.changes,
        lease: (id) => this.table.get(id) ?? null,
        leases: () => [...this.table.values()],
        owned: (id) => this.owned.get(id) ?? 0,
      },
    });
  }

  grant(...ids: string[]): void {
    for (const id of ids)
      this.#change(id, () => this.table.set(id, { id, session: id, ttlMs, doomed: false }));
  }

  /** More leases come and go than changes are remembered. */
  changeMany(): void {
    for (let k = 0; k < 2_000; k += 1) this.changes.note("f".repeat(32));
  }

  doom(id: string): void {
    this.#change(id, () => this.table.set(id, { id, session: id, ttlMs, doomed: true }));
  }

  /** By a command that the keeper is not told of. */
  end(id: string): void {
    this.#change(id, () => this.table.delete(id));
  }

  lead(term: number): void {
    this.keeper.onStatus({ role: "leader", term, established: true });
  }

  follow(term: number): void {
    this.keeper.onStatus({ role: "follower", term, established: false });
  }

  renew(...ids: string[]): void {
    this.keeper.renew([ids], (refused) => this.refused.push([...refused]));
  }

  /** All expired so far. */
  get ended(): readonly string[] {
    return this.expired.flatMap((command) => command.leases);
  }

  #change(id: string, act: () => void): void {
    act();
    this.changes.note(id);
  }

  async #propose(payload: Uint8Array, options: ProposeOptions | undefined): Promise<Proposed> {
    const command = decodeCommand(payload);
    if (command.type !== "expire") throw new Error("the keeper proposes nothing but expiry");
    if (options?.isReserved !== true) throw new Error("the log is full for all that frees nothing");
    this.expired.push({ leases: command.leases, ifTerm: options.ifTerm });
    return new Promise((resolve, reject) => this.proposals.push({ resolve, reject }));
  }

  async #read(options: ReadOptions | undefined): Promise<number> {
    return new Promise((resolve, reject) => this.reads.push({ resolve, reject, options }));
  }
}
