import { FlotillaError } from "@flotilla/runtime";
import type { Read } from "../core/event.ts";
import type { ReadPoint } from "../core/ready.ts";
import type { Index } from "../core/types.ts";
import { overloaded } from "./status.ts";

const maxReads = 8192;
/** Beyond what others may fill: for the rounds that leases hang on. */
const reservedReads = 1024;

interface Waiter {
  readonly leaderOnly: boolean;
  readonly resolve: (index: Index) => void;
  readonly reject: (error: FlotillaError) => void;
  /** The read point, once known. */
  index: Index | null;
}

const nothing: readonly Read[] = [];

/** Linearizable reads from the call until the state machine has caught up with their read point. */
export class ReadWaiters {
  readonly #waiters = new Map<number, Waiter>();
  readonly #known = new Set<number>();
  #queued: number[] = [];
  #nextId = 1;

  /** Reads without an outcome. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Takes up a read for the next turn. Refused with `ERR_FLOTILLA_OVERLOADED` while too many wait. */
  add(leaderOnly: boolean): Promise<Index> {
    const most = leaderOnly ? maxReads + reservedReads : maxReads;
    if (this.#waiters.size >= most) return Promise.reject(overloaded("too many reads wait"));
    return new Promise((resolve, reject) => {
      this.#waiters.set(this.#nextId, { leaderOnly, resolve, reject, index: null });
      this.#queued.push(this.#nextId);
      this.#nextId += 1;
    });
  }

  /** The events for what was taken up since the last call. */
  takeEvents(): readonly Read[] {
    if (this.#queued.length === 0) return nothing;
    const events: Read[] = [];
    for (const id of this.#queued) {
      const waiter = this.#waiters.get(id);
      if (waiter !== undefined) events.push({ type: "read", id, leaderOnly: waiter.leaderOnly });
    }
    this.#queued = [];
    return events;
  }

  /** The core answered. */
  answer({ id, index }: ReadPoint): void {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) return;
    waiter.index = index;
    if (index !== null) this.#known.add(id);
    else
      this.#reject(id, waiter, new FlotillaError("ERR_FLOTILLA_NO_QUORUM", "no leader confirmed the read"));
  }

  /** Resolves every read whose point is reached. */
  settle(applied: Index): void {
    if (this.#known.size === 0) return;
    for (const id of this.#known) {
      const waiter = this.#waiters.get(id);
      if (waiter === undefined || waiter.index === null || waiter.index > applied) continue;
      this.#known.delete(id);
      this.#waiters.delete(id);
      waiter.resolve(waiter.index);
    }
  }

  /** Rejects everything, because the node stops. */
  close(): void {
    for (const [id, waiter] of this.#waiters) {
      this.#reject(id, waiter, new FlotillaError("ERR_FLOTILLA_CLOSED", "the node is closed"));
    }
  }

  #reject(id: number, waiter: Waiter, error: FlotillaError): void {
    this.#waiters.delete(id);
    this.#known.delete(id);
    waiter.reject(error);
  }
}
