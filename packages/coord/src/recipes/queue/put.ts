import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch, WriteOptions } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import { bounded, inTurn, longestWaitMs, orAborted } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import { isNoRoom, restMs } from "../no-room.ts";
import { patient } from "../patient.ts";
import { ignoreTyped } from "../run-held.ts";
import { Wake } from "../wake.ts";
import { withParent } from "../with-parent.ts";
import type { PutOptions } from "./api.ts";
import { ensurePlaces, itemPrefix, maxDelayMs, maxPriority, type QueuePlaces } from "./places.ts";

/** Between tries of a put that waits for room, ms. */
const longestRestMs = 10_000;

/** Puts items into a queue, and sees to its bound. */
export class Putter {
  readonly #session: Session;
  readonly #places: QueuePlaces;
  readonly #maxItems: number | null;
  #bounding: Promise<void> | null = null;
  #isBound = false;

  constructor(session: Session, places: QueuePlaces, maxItems: number | null) {
    this.#session = session;
    this.#places = places;
    this.#maxItems = maxItems;
  }

  /** Resolves with the name of the item. */
  async put(bytes: Uint8Array, options: PutOptions): Promise<string> {
    requireOptions(options);
    const { priority = 0, delayMs = 0, whenFull = "refuse", ...write } = options;
    const prefix = itemPrefix(
      requireInteger(priority, "priority", 0, maxPriority),
      requireInteger(delayMs, "delayMs", 0, maxDelayMs),
    );
    if (!["refuse", "wait"].includes(whenFull))
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "whenFull: expected one of refuse, wait");
    const { clock, signal: end } = this.#session;
    const left = inTurn(clock, write);
    try {
      return await this.#put(prefix, bytes, write);
    } catch (error) {
      if (whenFull === "refuse" || !FlotillaError.is(error, "ERR_FLOTILLA_QUOTA")) throw error;
    }
    const what = `put into ${this.#places.base}`;
    const limits = { clock, options: left(), fallbackMs: longestWaitMs, end, what, writes: true };
    return bounded(limits, (signal) => this.#whenRoom(prefix, bytes, { ...write, signal }));
  }

  async #put(prefix: string, bytes: Uint8Array, options: WriteOptions): Promise<string> {
    const left = inTurn(this.#session.clock, options);
    if (this.#maxItems !== null) await this.#bound(this.#maxItems, options);
    return this.#create(prefix, bytes, { ...options, ...left() });
  }

  async #create(prefix: string, bytes: Uint8Array, options: WriteOptions): Promise<string> {
    const session = this.#session;
    const { items } = this.#places;
    const { path } = await withParent(
      session.clock,
      options,
      (bounds) => ensurePlaces(session, this.#places, bounds),
      (bounds) => session.create(`${items}/${prefix}`, bytes, { ...bounds, sequential: true }),
    );
    return path.slice(items.length + 1);
  }

  /**
   * Tries again after every item that leaves, and after rests: of a budget that is raised, or a rate slept off, it hears nothing.
   * These grow longer for as long as nothing leaves: each try is an entry of the log, with the value.
   */
  async #whenRoom(
    prefix: string,
    bytes: Uint8Array,
    bounds: WriteOptions & { readonly signal: AbortSignal },
  ): Promise<string> {
    const { clock } = this.#session;
    const options = { ...bounds, timeoutMs: Infinity };
    const wake = new Wake();
    let watch: Watch | null = null;
    let ms = restMs;
    try {
      for (;;) {
        watch ??= await this.#watchLeaving(wake, options.signal);
        const begunMs = clock.now();
        await wake.nextWithin(clock, ms, options.signal);
        ms = clock.now() - begunMs < ms ? restMs : Math.min(2 * ms, longestRestMs);
        try {
          return await this.#put(prefix, bytes, options);
        } catch (error) {
          if (!FlotillaError.is(error, "ERR_FLOTILLA_QUOTA")) throw error;
        }
      }
    } finally {
      void watch?.close();
    }
  }

  /** Null when there is no room for it. What left before it was armed is told of at once. */
  async #watchLeaving(wake: Wake, signal: AbortSignal): Promise<Watch | null> {
    const leaving = { kind: "children", filter: { types: ["deleted"] }, values: false } as const;
    try {
      const watch = await patient(this.#session, signal).watch(this.#places.items, leaving);
      const follow = async (): Promise<void> => {
        for await (const _ of watch) wake.notify();
      };
      void follow().catch(ignoreTyped);
      wake.notify();
      return watch;
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      return null;
    }
  }

  /** Once; again when it failed. For all who put at once, and no bounds of one of them are those of the others. */
  async #bound(maxItems: number, options: WriteOptions): Promise<void> {
    if (this.#isBound) return;
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: longestWaitMs, end, what: `put into ${this.#places.base}` };
    await bounded(bounds, (signal) => {
      this.#bounding ??= this.#setBudget(maxItems).finally(() => {
        this.#bounding = null;
      });
      return orAborted(this.#bounding, signal);
    });
  }

  async #setBudget(maxItems: number): Promise<void> {
    const { items } = this.#places;
    const own = { signal: this.#session.signal, timeoutMs: Infinity };
    const now = await this.#session.getBudget(items, own);
    if (now?.budget.children?.hard !== maxItems)
      await this.#session.setBudget(items, { ...now?.budget, children: { hard: maxItems } }, own);
    this.#isBound = true;
  }
}
