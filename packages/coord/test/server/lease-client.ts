import type { LeaseId } from "@flotilla/kv";
import type { Clock } from "@flotilla/runtime";
import type { Renewals } from "../../src/server/renewals.ts";
import { believedMs } from "../../src/time-bounds.ts";

export const leaseTtlMs = 1000;

/** A command of the log, as far as leases care. */
export type LeaseCommand =
  | { readonly type: "attach" | "doom"; readonly lease: LeaseId }
  | { readonly type: "expire"; readonly leases: readonly LeaseId[] };

/** A member, as a client sees it. */
interface Member {
  readonly clock: Clock;
  readonly renewals: Renewals;
}

/** What lies between clients and members. */
interface Surroundings<M extends Member> {
  /** Leases whose end is committed. */
  readonly ended: ReadonlySet<LeaseId>;
  deliver(to: Clock, act: () => void): void;
  append(from: M, command: LeaseCommand, ifTerm: number | undefined, settle: (isIn: boolean) => void): void;
}

/** A client that renews a lease through one member and believes in it by its own clock. */
export class LeaseClient<M extends Member> {
  readonly clock: Clock;
  /** Renewals vouched for. */
  vouched = 0;
  lease: LeaseId = "";
  #at: M;
  #opened = 0;
  #silentUntilMs = 0;
  #openedMs = 0;
  #believedUntilMs = 0;
  #isTelling = false;
  #owner: object = {};
  readonly #name: string;
  readonly #world: Surroundings<M>;

  /** @param name one digit of hex @param at the member it begins with */
  constructor(world: Surroundings<M>, name: string, clock: Clock, at: M) {
    this.#world = world;
    this.#name = name;
    this.clock = clock;
    this.#at = at;
  }

  /** It says nothing for so long. */
  hush(ms: number): void {
    this.#silentUntilMs = this.clock.now() + ms;
  }

  get isSilent(): boolean {
    return this.clock.now() < this.#silentUntilMs;
  }

  /** True while it has no doubt. */
  get believes(): boolean {
    return this.clock.now() < this.#believedUntilMs;
  }

  /** Opens another lease once it has none. */
  open(): void {
    if (this.isSilent || (this.lease !== "" && !this.#world.ended.has(this.lease))) return;
    this.#opened += 1;
    this.lease = `${this.#name}${String(this.#opened).padStart(31, "0")}`;
    this.#believedUntilMs = 0;
    this.#openedMs = this.clock.now();
    this.#attach();
    if (!this.#isTelling) this.#tell();
  }

  /** Goes to another member. What it said to the last one may still be under way. */
  move(to: M): void {
    if (this.isSilent || this.lease === "") return;
    this.#at.renewals.forget(this.#owner);
    this.#owner = {};
    this.#at = to;
    this.#attach();
  }

  /** Somebody else dooms its lease. */
  doom(): void {
    this.#world.append(this.#at, { type: "doom", lease: this.lease }, undefined, () => {});
  }

  /** That lease has ended: it must not be believed in, now or by what arrives later. @throws Error when it is */
  judge(lease: LeaseId): void {
    if (lease !== this.lease || !this.#world.ended.has(lease) || !this.believes) return;
    const leftMs = Math.ceil(this.#believedUntilMs - this.clock.now());
    throw new Error(`LeaseBound: the lease of client ${this.#name} has ended ${leftMs} ms before its belief`);
  }

  /** Opens, or opens again: that counts from the first time. */
  #attach(): void {
    const { lease } = this;
    const sentMs = this.#openedMs;
    this.#world.deliver(this.#at.clock, () =>
      this.#world.append(this.#at, { type: "attach", lease }, undefined, (isIn) => {
        if (isIn && !this.#world.ended.has(lease))
          this.#world.deliver(this.clock, () => this.#believe(lease, sentMs));
      }),
    );
  }

  #tell(): void {
    this.#isTelling = true;
    this.clock.setTimer(leaseTtlMs / 4, () => this.#tell());
    if (this.isSilent) return;
    if (this.#believedUntilMs === 0) this.#attach();
    this.#renew();
  }

  #renew(): void {
    const { lease } = this;
    const sentMs = this.clock.now();
    const at = this.#at;
    const owner = this.#owner;
    this.#world.deliver(at.clock, () => {
      if (owner !== this.#owner) return;
      const done = (refused: ReadonlySet<LeaseId>): void => {
        if (refused.has(lease)) return;
        this.#world.deliver(this.clock, () => {
          this.vouched += 1;
          this.#believe(lease, sentMs);
        });
      };
      at.renewals.renew({ owner, leases: [lease], shortestMs: leaseTtlMs, done });
    });
  }

  #believe(lease: LeaseId, sentMs: number): void {
    if (lease !== this.lease) return;
    this.#believedUntilMs = Math.max(this.#believedUntilMs, sentMs + believedMs(leaseTtlMs));
    this.judge(lease);
  }
}
