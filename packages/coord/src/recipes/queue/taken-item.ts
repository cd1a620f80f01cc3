import { FlotillaError } from "@flotilla/runtime";
import type { Fence, MultiItem, Session, SessionLease } from "../../client/api.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { bounded, listen, longestWaitMs, orAborted } from "../bounded.ts";
import type { Taken } from "./api.ts";
import { endClaim, isGone } from "./end-claim.ts";
import { burial, type QueuePlaces } from "./places.ts";

/** How many items its taker wants to have once this one is settled. */
export interface Demand {
  /** The item is not counted any more, however it ends; called once. */
  retire(): void;
  /** What tells the tree so, in the command that settles the item. */
  change(): readonly MultiItem[];
  /** That command changed nothing. */
  failed(): void;
}

export interface TakenParts<T> {
  readonly session: Session;
  readonly places: QueuePlaces;
  /** Name of the item's node. */
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly value: T;
  readonly fence: Fence;
  readonly deliveries: number;
  readonly maxDeliveries: number;
  /** The period of belief it was obtained in. */
  readonly lease: SessionLease;
  readonly demand: Demand;
}

type Way = "acknowledged" | "released" | "buried";

/** An item and its claim; whichever way it ends first is the way it ends. */
export class TakenItem<T> implements Taken<T> {
  readonly id: string;
  readonly value: T;
  readonly epoch: number;
  readonly fence: Fence;
  readonly deliveries: number;
  readonly #parts: TakenParts<T>;
  readonly #controller = sharedController();
  #settled: { readonly way: Way; readonly done: Promise<void> } | null = null;
  #isRetired = false;
  #stopListening: () => void = () => {};

  constructor(parts: TakenParts<T>) {
    this.#parts = parts;
    this.id = parts.id;
    this.value = parts.value;
    this.fence = parts.fence;
    this.epoch = parts.fence.mzxid;
    this.deliveries = parts.deliveries;
    // Also while it is being settled: nobody knows yet whether that came in time.
    const lose = (cause: unknown): void => this.lose("the session's lease is over", cause);
    this.#stopListening = listen(parts.lease.signal, lose);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    const { expiresIn } = this.#parts.lease;
    return this.signal.aborted ? Math.min(0, expiresIn) : expiresIn;
  }

  /** Somebody has said how it ends. */
  get isSettled(): boolean {
    return this.#settled !== null;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#parts.lease.assert();
  }

  ack(options: CallOptions = {}): Promise<void> {
    const { places, id } = this.#parts;
    return this.#settle("acknowledged", options, [
      { type: "delete", path: `${places.items}/${id}`, recursive: true },
    ]);
  }

  bury(options: CallOptions = {}): Promise<void> {
    const { places, id, bytes } = this.#parts;
    return this.#settle("buried", options, burial(places, id, bytes));
  }

  async release(options: CallOptions = {}): Promise<void> {
    if (this.signal.aborted && this.#settled === null) return;
    const { places, id, bytes, deliveries, maxDeliveries } = this.#parts;
    const isOver = deliveries >= maxDeliveries;
    const back = isOver ? burial(places, id, bytes) : [{ type: "delete", path: this.fence.path } as const];
    try {
      await this.#settle("released", options, back);
    } catch (error) {
      // Whoever has it by now, it is given up.
      if (!FlotillaError.is(error, "ERR_FLOTILLA_LOST")) throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** It is somebody else's, or will be. */
  lose(why: string, cause?: unknown): void {
    this.#end(why, cause);
    this.#retire();
  }

  async #settle(way: Way, options: CallOptions, items: readonly MultiItem[]): Promise<void> {
    const { session, places } = this.#parts;
    const what = `${this.id} of ${places.base}`;
    const goesOn = (): boolean => this.#settled !== null;
    const bounds = { clock: session.clock, options, fallbackMs: longestWaitMs, what, goesOn };
    await bounded(bounds, async (signal) => {
      if (this.#settled === null) this.#begin(way, items);
      if (this.#settled?.way !== way) throw this.#lost(`it was ${this.#settled?.way}`);
      await orAborted(this.#settled.done, signal);
    });
  }

  #begin(way: Way, items: readonly MultiItem[]): void {
    this.assert();
    if (way === "released") this.#end("it was released");
    const done = this.#write(way, items);
    // Whoever settles it is told, if anybody still waits.
    done.catch(() => {});
    this.#settled = { way, done };
  }

  async #write(way: Way, items: readonly MultiItem[]): Promise<void> {
    const { session, demand } = this.#parts;
    this.#retire();
    const change = demand.change();
    const ways = change.length === 0 ? [items] : [[...items, ...change], items];
    const failed = (error: unknown): void => {
      demand.failed();
      this.#end(isGone(error) ? "its claim is gone" : `it could not be ${way}`, error);
    };
    try {
      if ((await endClaim(session, this.fence, ways, failed)) > 0) demand.failed();
    } catch (error) {
      throw isGone(error) ? this.#lost("its claim is gone", error) : error;
    }
    this.#end(`it was ${way}`);
  }

  #retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#parts.demand.retire();
  }

  #end(why: string, cause?: unknown): void {
    if (this.signal.aborted) return;
    this.#controller.abort(this.#lost(why, cause));
    this.#stopListening();
  }

  #lost(why: string, cause?: unknown): FlotillaError {
    const message = `${this.id} of ${this.#parts.places.base} is no longer held: ${why}`;
    return new FlotillaError("ERR_FLOTILLA_LOST", message, { cause });
  }
}
