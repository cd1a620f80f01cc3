import { FlotillaError } from "@flotilla/runtime";
import type { Session, WatchEvent } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import { attend } from "../attend.ts";
import { bounded, within } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import { fenceChecks } from "../fence-check.ts";
import { ensurePath, segment } from "../names.ts";
import { type Calls, patient } from "../patient.ts";
import { numberAt, readRecord } from "../record.ts";
import type { CountDownOptions, Latch, LatchOptions } from "./api.ts";

const maxCount = 5_000;

/** A latch that is there. */
interface Opened {
  /** How many are still to be counted. */
  readonly left: number;
  /** Of its node, which another one of the same name has not. */
  readonly mzxid: number;
}

/**
 * A latch, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createLatch(session: Session, name: string, { count }: LatchOptions): Latch {
  return new SessionLatch(session, segment(name, "name"), requireInteger(count, "count", 1, maxCount));
}

class SessionLatch implements Latch {
  readonly name: string;
  readonly path: string;
  readonly count: number;
  readonly #session: Session;

  constructor(session: Session, name: string, count: number) {
    this.name = name;
    this.path = `/latch/${name}`;
    this.count = count;
    this.#session = session;
  }

  async countDown(options: CountDownOptions = {}): Promise<boolean> {
    requireOptions(options);
    const session = this.#session;
    const { key = session.id, fence, ...bounds } = options;
    const path = `${this.path}/${segment(key, "key")}`;
    return within(session, bounds, `count of ${path}`, async (inner) => {
      const fences = fenceChecks(fence);
      for (;;) {
        const { left, mzxid } = await this.#opened(session, inner);
        if (left === 0) return false;
        const same = { type: "check", path: this.path, mzxid } as const;
        try {
          await session.multi([...fences, same, { type: "create", path }], inner);
          return true;
        } catch (error) {
          if (FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) return false;
          const isCleared =
            FlotillaError.is(error, "ERR_FLOTILLA_FENCED") && error.details["failed"] === fences.length;
          // Cleared meanwhile: counted by the next one.
          if (!isCleared) throw error;
        }
      }
    });
  }

  async remaining(options: ReadOptions = {}): Promise<number> {
    const node = await this.#session.get(this.path, options);
    if (node === null) return this.count;
    this.#requireSameCount(node);
    return Math.max(0, this.count - node.stat.numChildren);
  }

  async wait(options: CallOptions = {}): Promise<void> {
    const session = this.#session;
    const { clock, signal: end } = session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `wait for ${this.path}` };
    await bounded(bounds, async (signal) => {
      await this.#opened(patient(session, signal));
      const keys = new Set<string>();
      return attend(session, this.path, signal, (event) => this.#take(event, keys));
    });
  }

  async clear(options: CallOptions = {}): Promise<boolean> {
    requireOptions(options);
    return this.#session.delete(this.path, { ...options, recursive: true });
  }

  /** Makes it unless it is there. */
  async #opened(calls: Pick<Calls, "clock" | "create" | "get">, options: CallOptions = {}): Promise<Opened> {
    for (;;) {
      const node = await calls.get(this.path, options);
      if (node !== null) {
        this.#requireSameCount(node);
        const { numChildren, mzxid } = node.stat;
        return { left: Math.max(0, this.count - numChildren), mzxid };
      }
      try {
        const made = await calls.create(this.path, JSON.stringify({ count: this.count }), options);
        return { left: this.count, mzxid: made.revision };
      } catch (error) {
        if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) await ensurePath(calls, "/latch", options);
        else if (!FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) throw error;
      }
    }
  }

  #requireSameCount(node: Parameters<typeof readRecord>[0]): void {
    const found = numberAt(readRecord(node) ?? {}, "count", 0);
    if (found === this.count) return;
    const message = `count: ${this.path} counts from ${found}, not from ${this.count}`;
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
  }

  /** Takes in the keys; true once there are enough. */
  #take(event: WatchEvent, keys: Set<string>): true | null {
    if (event.type === "snapshot") {
      keys.clear();
      const paths = event.nodes.map(({ path }) => path);
      if (!paths.includes(this.path)) this.#cleared();
      for (const path of paths) if (path !== this.path) keys.add(path);
    } else if (event.path === this.path) {
      if (event.node === null) this.#cleared();
    } else if (event.node === null) keys.delete(event.path);
    else keys.add(event.path);
    return keys.size >= this.count ? true : null;
  }

  #cleared(): never {
    throw new FlotillaError("ERR_FLOTILLA_LOST", `${this.path} was cleared`);
  }
}
