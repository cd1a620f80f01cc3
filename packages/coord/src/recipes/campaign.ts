import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, SessionLease, Watch } from "../client/api.ts";
import { admitted } from "./admission.ts";
import {
  type Applicant,
  claim,
  type Departure,
  isShared,
  join,
  joinGranted,
  requireSamePlaces,
  successorsTo,
} from "./grant.ts";
import { isGranted, type Line, type LinePaths, readLineAtHand, type Waiter, waiterPath } from "./line.ts";
import { type Calls, patient } from "./patient.ts";
import { requireRoom } from "./standing.ts";
import { successorsIn, type Successor } from "./successors.ts";
import { nodeIn } from "./node-in.ts";
import { Pace } from "./pace.ts";
import { Wake, wakeOn } from "./wake.ts";

/** How often an attempt looks at a line that others change each time. */
const mostLooks = 1_000;

/** Of more than so many who hold a session watches no node each: it may have 1,000 watches in all. */
const mostWatched = 16;

/** A place as it was come by. */
interface Taken {
  readonly epoch: number;
  /** What it can leave by later. */
  readonly known: Departure["known"];
  /** What tells of the node in line, with everything since the grant still to be read. */
  readonly watch: Watch | null;
}

/** A place in line that was granted. */
export interface Granted extends Taken {
  /** The period of belief at the moment the grant was seen. */
  readonly lease: SessionLease;
}

/** How a place is come by; null, where that may be, when there is none to be had. */
export type Way<None extends null> = (
  calls: Calls,
  paths: LinePaths,
  applicant: Applicant,
  signal: AbortSignal,
) => Promise<Taken | None>;

/** Takes a place that is free. */
export const atOnce: Way<null> = async (calls, paths, applicant) => {
  const epoch = await joinGranted(calls, paths, applicant, mostLooks);
  return epoch === null ? epoch : atTheJoin(epoch, applicant);
};

/** Stands in line until granted. @throws FlotillaError `ERR_FLOTILLA_LOST` when its node was deleted */
export function inTurn(pace: Pace = new Pace()): Way<never> {
  return async (calls, paths, applicant, signal) => {
    const { granted, revision } = await join(calls, paths, applicant);
    if (granted) return atTheJoin(revision, applicant);
    return waitForGrant(calls, paths, { ...applicant, joined: revision, pace }, signal);
  };
}

/** Who takes all places and has them at once is alone. */
function atTheJoin(epoch: number, applicant: Applicant): Taken {
  const known = isShared(applicant) ? undefined : { epoch, places: applicant.places, next: [] };
  return { epoch, known, watch: null };
}

/** What somebody who was granted with others behind it can leave by. */
function knowing(epoch: number, applicant: Applicant, next: readonly Successor[]): Departure["known"] {
  return isShared(applicant) || next.length === 0 ? undefined : { epoch, places: applicant.places, next };
}

/** Someone in line. */
interface Joiner extends Applicant {
  /** The revision at which it joined: its node has that mzxid until it is granted. */
  readonly joined: number;
  readonly pace: Pace;
}

/**
 * Comes by a place. On any failure the caller must leave the line: the node may exist.
 * @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE`; as the way does; the reason of the signal
 */
export async function campaign<None extends null>(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  signal: AbortSignal,
  way: Way<None>,
): Promise<Granted | None> {
  requireRoom(applicant);
  const taken = await way(patient(session, signal), paths, applicant, signal);
  if (signal.aborted) void taken?.watch?.close();
  signal.throwIfAborted();
  return taken === null ? taken : { ...taken, lease: session.lease };
}

/**
 * The head of the line watches those who hold, everyone else its predecessor, so that a release wakes at most
 * two. A watch tells at once when what it finds is not what was read, so that no change falls between.
 */
async function waitForGrant(
  calls: Calls,
  paths: LinePaths,
  applicant: Joiner,
  signal: AbortSignal,
): Promise<Taken> {
  const { name, places, pace } = applicant;
  const ahead = new Ahead(calls, paths, applicant);
  const begunMs = calls.clock.now();
  try {
    if (!isShared(applicant)) await ahead.unhurried(signal);
    for (;;) {
      if (ahead.granted !== null) {
        pace.moved(calls.clock.now() - begunMs);
        return ahead.handOut(ahead.granted);
      }
      pace.stood();
      const line = await readLineAtHand(calls, paths);
      const holder = line.holders.find((waiter) => waiter.name === name);
      const next = (self: Waiter): readonly Successor[] => successorsTo(line, self, places);
      if (holder !== undefined) return ahead.taken(holder.mzxid, next(holder));
      requireSamePlaces(line, paths, applicant);
      const self = selfIn(line, name);
      const index = line.waiting.indexOf(self);
      const watched = index === 0 ? line.holders : line.waiting.slice(index - 1, index);
      if (index === 0 && admitted(line, self.places)[0] === self) {
        const claimed = await claim(calls, paths, line, self);
        if (claimed !== null) return ahead.taken(claimed, next(self));
      } else {
        await ahead.watch(self, watched, index === 0);
        await ahead.wake.next(signal);
      }
    }
  } finally {
    ahead.close();
  }
}

function selfIn(line: Line, name: string): Waiter {
  const self = line.waiting.find((waiter) => waiter.name === name);
  if (self === undefined)
    throw new FlotillaError("ERR_FLOTILLA_LOST", "the place in line is gone: its node was deleted");
  return self;
}

/** Somebody in line, as it was read. */
interface Seen extends Pick<Waiter, "name" | "mzxid"> {
  readonly holds: boolean;
}

/** Watches on nodes in line, the own one among them, all of them waking the same waiter. */
class Ahead {
  readonly wake: Wake = new Wake();
  readonly #calls: Calls;
  readonly #paths: LinePaths;
  readonly #own: Joiner;
  readonly #watches = new Map<string, Watch>();
  /** Of all who leave the line, in place of those of the nodes of many who hold. */
  #leaving: Watch | null = null;
  #isClosed = false;
  #granted: Node | null = null;

  /** @param own the waiter */
  constructor(calls: Calls, paths: LinePaths, own: Joiner) {
    this.#calls = calls;
    this.#paths = paths;
    this.#own = own;
  }

  /** The own node, once its watch told that it is granted. */
  get granted(): Node | null {
    return this.#granted;
  }

  /** Waits for the own grant or any other news of the own node, for a moment. */
  async unhurried(signal: AbortSignal): Promise<void> {
    await this.#arm({ name: this.#own.name, mzxid: this.#own.joined, holds: false });
    await this.wake.nextWithin(this.#calls.clock, this.#own.pace.unhurriedMs, signal);
  }

  /**
   * Watches the own node and these, and no others. Wakes also when they are no more as they were read.
   * @param hold whether they hold
   */
  async watch(self: Waiter, others: readonly Waiter[], hold: boolean): Promise<void> {
    const isCrowd = others.length > mostWatched;
    if (!isCrowd) this.#forgetLeaving();
    const each = (isCrowd ? [] : others).map((waiter) => ({ ...waiter, holds: hold }));
    const waiters = [{ ...self, holds: false }, ...each];
    const names = new Set(waiters.map(({ name }) => name));
    for (const [name, watch] of this.#watches) {
      if (names.has(name)) continue;
      this.#watches.delete(name);
      void watch.close();
    }
    const missing = waiters.filter(({ name }) => !this.#watches.has(name));
    await Promise.all(missing.map((waiter) => this.#arm(waiter)));
    if (isCrowd && this.#leaving === null) await this.#armLeaving();
  }

  /** The place that the own node tells of, with the own watch for whoever holds now: it told of nothing after the grant. */
  handOut(granted: Node): Taken {
    const { name } = this.#own;
    const watch = this.#watches.get(name) ?? null;
    this.#watches.delete(name);
    return { ...this.taken(granted.stat.mzxid, successorsIn(granted)), watch };
  }

  /** A place that was come by otherwise. */
  taken(epoch: number, next: readonly Successor[]): Taken {
    return { epoch, known: knowing(epoch, this.#own, next), watch: null };
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) void watch.close();
    this.#forgetLeaving();
  }

  #forgetLeaving(): void {
    void this.#leaving?.close();
    this.#leaving = null;
  }

  /** Wakes at once, for whoever left before. */
  async #armLeaving(): Promise<void> {
    const leaving = { kind: "children", filter: { types: ["deleted"] }, values: false } as const;
    const watch = await this.#calls.watch(this.#paths.line, leaving);
    if (this.#isClosed) {
      void watch.close();
      return;
    }
    this.#leaving = watch;
    this.wake.notify();
    void wakeOn(watch, this.wake, () => false);
  }

  async #arm(seen: Seen): Promise<void> {
    const { name } = seen;
    const path = waiterPath(this.#paths, name);
    const isOwn = name === this.#own.name;
    const watch = await this.#calls.watch(path, {
      kind: "data",
      ...(isOwn ? { from: this.#own.joined } : { initial: true }),
    });
    if (this.#isClosed) {
      void watch.close();
      return;
    }
    this.#watches.set(name, watch);
    if (isOwn) void this.#awaitGrant(watch);
    else void wakeOn(watch, this.wake, (node) => this.#isNoNews(node, seen));
  }

  /**
   * Who takes all places waits for whoever is ahead to leave, granted or not. Who shares them looks again at somebody who is
   * granted and did not hold: the record was read before that, and the line after it.
   */
  #isNoNews(node: Node, { mzxid, holds }: Seen): boolean {
    if (isShared(this.#own)) return node.stat.mzxid === mzxid && (holds || !isGranted(node));
    return node.stat.mzxid === mzxid || isGranted(node);
  }

  /** Reads the own watch up to the grant and leaves it open: whoever holds reads on. */
  async #awaitGrant(watch: Watch): Promise<void> {
    const events = watch[Symbol.asyncIterator]();
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const node = nodeIn(next.value);
        if (node?.stat.mzxid === this.#own.joined) continue;
        if (isGranted(node)) this.#granted = node;
        this.wake.notify();
        if (this.#granted !== null) return;
      }
    } catch {
      // The session is lost, which ends the wait by its signal.
    }
  }
}
