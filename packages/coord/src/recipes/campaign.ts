import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, SessionLease, Watch } from "../client/api.ts";
import { admitted } from "./admission.ts";
import { type Applicant, claim, join, joinGranted, requireSamePlaces } from "./grant.ts";
import { isGranted, type Line, type LinePaths, readLineAtHand, type Waiter, waiterPath } from "./line.ts";
import { type Calls, patient } from "./patient.ts";
import { nodeIn, Wake, wakeOn } from "./wake.ts";

/** A place as it was come by. */
interface Taken {
  readonly epoch: number;
  /** Nobody else was in line then. */
  readonly isAlone: boolean;
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
  const epoch = await joinGranted(calls, paths, applicant);
  return epoch === null ? epoch : atTheJoin(epoch, applicant);
};

/** Stands in line until granted. @throws FlotillaError `ERR_FLOTILLA_LOST` when its node was deleted */
export const inTurn: Way<never> = async (calls, paths, applicant, signal) => {
  const epoch = await join(calls, paths, applicant);
  return epoch === null ? waitForGrant(calls, paths, applicant, signal) : atTheJoin(epoch, applicant);
};

/** Who takes all places and has them at once is alone. */
function atTheJoin(epoch: number, { permits, places }: Applicant): Taken {
  return { epoch, isAlone: permits === places, watch: null };
}

/**
 * Comes by a place. On any failure the caller must leave the line: the node may exist.
 * @throws FlotillaError as the way does; the reason of the signal
 */
export async function campaign<None extends null>(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  signal: AbortSignal,
  way: Way<None>,
): Promise<Granted | None> {
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
  applicant: Applicant,
  signal: AbortSignal,
): Promise<Taken> {
  const { name } = applicant;
  const ahead = new Ahead(calls, paths, applicant);
  const taken = (epoch: number): Taken => ({ epoch, isAlone: false, watch: ahead.handOut(epoch) });
  try {
    for (;;) {
      const line = await readLineAtHand(calls, paths);
      const holder = line.holders.find((waiter) => waiter.name === name);
      if (holder !== undefined) return taken(holder.mzxid);
      requireSamePlaces(line, paths, applicant);
      const self = selfIn(line, name);
      const index = line.waiting.indexOf(self);
      const watched = index === 0 ? line.holders : line.waiting.slice(index - 1, index);
      if (index === 0 && admitted(line, self.places)[0] === self) {
        const claimed = await claim(calls, paths, line, self);
        if (claimed !== null) return taken(claimed);
      } else {
        await ahead.watch([self, ...watched]);
        await ahead.wake.next(signal);
        if (ahead.epoch !== null) return taken(ahead.epoch);
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

/** Watches on nodes in line, the own one among them, all of them waking the same waiter. */
class Ahead {
  readonly wake: Wake = new Wake();
  readonly #calls: Calls;
  readonly #paths: LinePaths;
  readonly #own: string;
  readonly #takesAll: boolean;
  readonly #watches = new Map<string, Watch>();
  #isClosed = false;
  #epoch: number | null = null;

  /** @param applicant the waiter */
  constructor(calls: Calls, paths: LinePaths, applicant: Applicant) {
    this.#calls = calls;
    this.#paths = paths;
    this.#own = applicant.name;
    this.#takesAll = applicant.permits === applicant.places;
  }

  /** Of the own grant, once the own watch told of it. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /** Watches these nodes and no others. Wakes also when they are no more as they were read. */
  async watch(waiters: readonly Waiter[]): Promise<void> {
    for (const [name, watch] of this.#watches) {
      if (waiters.some((waiter) => waiter.name === name)) continue;
      this.#watches.delete(name);
      void watch.close();
    }
    const missing = waiters.filter(({ name }) => !this.#watches.has(name));
    await Promise.all(missing.map((waiter) => this.#arm(waiter)));
  }

  /** The own watch, for whoever holds now; null unless it told of that grant, and of nothing after it. */
  handOut(epoch: number): Watch | null {
    const watch = this.#watches.get(this.#own);
    if (watch === undefined || this.#epoch !== epoch) return null;
    this.#watches.delete(this.#own);
    return watch;
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) void watch.close();
  }

  async #arm({ name, mzxid }: Waiter): Promise<void> {
    const path = waiterPath(this.#paths, name);
    const watch = await this.#calls.watch(path, { kind: "data", initial: true });
    if (this.#isClosed) {
      void watch.close();
      return;
    }
    this.#watches.set(name, watch);
    if (name === this.#own) void this.#awaitGrant(watch, mzxid);
    else void wakeOn(watch, this.wake, (node) => node.stat.mzxid === mzxid || this.#isInTheWay(node));
  }

  /** Somebody ahead was granted: who takes all places waits for it to leave, as before. */
  #isInTheWay(node: Node): boolean {
    return this.#takesAll && isGranted(node);
  }

  /** Reads the own watch up to the grant and leaves it open: whoever holds reads on. */
  async #awaitGrant(watch: Watch, mzxid: number): Promise<void> {
    const events = watch[Symbol.asyncIterator]();
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const node = nodeIn(next.value);
        if (node?.stat.mzxid === mzxid) continue;
        if (isGranted(node)) this.#epoch = node.stat.mzxid;
        this.wake.notify();
        if (this.#epoch !== null) return;
      }
    } catch {
      // The session is lost, which ends the wait by its signal.
    }
  }
}
