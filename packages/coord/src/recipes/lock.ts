import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { requireFunction } from "../client/bad-argument.ts";
import { requireOptions } from "../client/call.ts";
import { wholePath } from "../client/namespaced-session.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import { askHolders } from "./ask-back.ts";
import { bounded, longestWaitMs, within } from "./bounded.ts";
import { atOnce, inTurn } from "./campaign.ts";
import { HeldLock } from "./held-lock.ts";
import { hold } from "./hold.ts";
import {
  allHolders,
  type Line,
  type LinePaths,
  linePaths,
  readLine,
  type Standing,
  type Waiter,
} from "./line.ts";
import type {
  Lock,
  LockHold,
  Locking,
  LockOptions,
  LockReport,
  LockUser,
  PermitOptions,
} from "./lock-api.ts";
import { segment } from "./names.ts";
import { Pace } from "./pace.ts";
import { ReentrantLock } from "./reentrant.ts";
import { runHeld } from "./run-held.ts";
import { appearance } from "./standing.ts";

/**
 * One holder at a time for `name`, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createLock(session: Session, name: string, options: LockOptions = {}): Lock {
  const lock = new SessionLock(session, linePaths("lock", segment(name, "name")), name, {
    ...appearance(session, options),
    permits: 1,
    places: 1,
  });
  return options.reentrant === true ? new ReentrantLock(session, lock) : lock;
}

/** Anything with a number of places, some of which one holder takes. */
export class SessionLock implements Locking<PermitOptions> {
  readonly name: string;
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #standing: Standing;
  readonly #pace = new Pace();

  constructor(session: Session, paths: LinePaths, name: string, standing: Standing) {
    this.name = name;
    this.#session = session;
    this.#paths = paths;
    this.#standing = standing;
  }

  get path(): string {
    return this.#paths.base;
  }

  /** Where it stands, whatever namespace it is seen from. */
  get place(): string {
    return wholePath(this.#session, this.path);
  }

  async acquire(options: PermitOptions = {}): Promise<HeldLock> {
    const standing = this.#standingWith(options);
    return this.#bounded(options, async (signal) => {
      const place = await hold(this.#session, this.#paths, standing, signal, inTurn(this.#pace));
      return new HeldLock(this.#session, this.#paths, place);
    });
  }

  async tryAcquire(options: PermitOptions = {}): Promise<HeldLock | null> {
    const standing = this.#standingWith(options);
    return this.#bounded(options, async (signal) => {
      const place = await hold(this.#session, this.#paths, standing, signal, atOnce);
      return place === null ? null : new HeldLock(this.#session, this.#paths, place);
    });
  }

  async run<T>(fn: (held: LockHold) => Promise<T> | T, options: PermitOptions = {}): Promise<T> {
    requireFunction(fn);
    return runHeld(this.#session, await this.acquire(options), fn);
  }

  async inspect(options: ReadOptions = {}): Promise<LockReport> {
    const session = this.#session;
    const what = `inspection of ${this.path}`;
    return reportOf(await within(session, options, what, (read) => readLine(session, this.#paths, read)));
  }

  askBack(options: CallOptions = {}): Promise<number> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: longestWaitMs, end, what: `request for ${this.path}` };
    return bounded(bounds, (signal) => askHolders(this.#session, this.#paths, signal));
  }

  #bounded<T>(options: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `acquisition of ${this.path}` };
    return bounded(bounds, work);
  }

  #standingWith(options: PermitOptions): Standing {
    requireOptions(options);
    const { places } = this.#standing;
    const { permits = this.#standing.permits } = options;
    if (Number.isSafeInteger(permits) && permits >= 1 && permits <= places)
      return { ...this.#standing, permits };
    const message = `permits: expected an integer from 1 to ${places}, got ${String(permits)}`;
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
  }
}

function userOf({ id, value, priority, permits }: Waiter): LockUser {
  return { id, value, priority, permits };
}

function reportOf(line: Line): LockReport {
  return {
    holders: allHolders(line).map((holder) => ({
      ...userOf(holder),
      epoch: holder.mzxid,
      sinceMs: holder.mtimeMs,
    })),
    waiters: line.waiting.filter(({ isGranted }) => !isGranted).map(userOf),
  };
}
