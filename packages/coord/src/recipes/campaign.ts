import { FlotillaError } from "@flotilla/runtime";
import type { Session, SessionLease, Watch } from "../client/api.ts";
import { admitted } from "./admission.ts";
import { type Applicant, claim, join, joinGranted, requireSamePlaces } from "./grant.ts";
import { type Line, type LinePaths, readLine, type Waiter, waiterPath } from "./line.ts";
import { type Calls, patient } from "./patient.ts";
import { Wake, wakeOn } from "./wake.ts";

/** What the server at hand has is never older than a watch that it armed, or a write of this session. */
const atHand = { level: "local" } as const;

/** A place in line that was granted. */
export interface Granted {
  readonly epoch: number;
  /** The period of belief at the moment the grant was seen. */
  readonly lease: SessionLease;
}

/** How a place is come by: the epoch; null, where that may be, when there is none to be had. */
export type Way<None extends null> = (
  calls: Calls,
  paths: LinePaths,
  applicant: Applicant,
  signal: AbortSignal,
) => Promise<number | None>;

/** Takes a place that is free. */
export const atOnce: Way<null> = joinGranted;

/** Stands in line until granted. @throws FlotillaError `ERR_FLOTILLA_LOST` when its node was deleted */
export const inTurn: Way<never> = async (calls, paths, applicant, signal) =>
  (await join(calls, paths, applicant)) ?? (await waitForGrant(calls, paths, applicant, signal));

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
  const epoch = await way(patient(session, signal), paths, applicant, signal);
  signal.throwIfAborted();
  return epoch === null ? epoch : { epoch, lease: session.lease };
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
): Promise<number> {
  const { name } = applicant;
  const ahead = new Ahead(calls, paths);
  try {
    for (;;) {
      const line = await readLine(calls, paths, atHand);
      const holder = line.holders.find((waiter) => waiter.name === name);
      if (holder !== undefined) return holder.mzxid;
      requireSamePlaces(line, paths, applicant);
      const self = selfIn(line, name);
      const index = line.waiting.indexOf(self);
      const watched = index === 0 ? line.holders : line.waiting.slice(index - 1, index);
      if (index === 0 && admitted(line, self.places)[0] === self) {
        const claimed = await claim(calls, paths, line, self);
        if (claimed !== null) return claimed;
      } else {
        await ahead.watch([self, ...watched]);
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

/** Watches on nodes in line, all of them waking the same waiter. */
class Ahead {
  readonly wake: Wake = new Wake();
  readonly #calls: Calls;
  readonly #paths: LinePaths;
  readonly #watches = new Map<string, Watch>();
  #isClosed = false;

  constructor(calls: Calls, paths: LinePaths) {
    this.#calls = calls;
    this.#paths = paths;
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

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) void watch.close();
  }

  async #arm({ name, mzxid }: Waiter): Promise<void> {
    const path = waiterPath(this.#paths, name);
    const watch = await this.#calls.watch(path, { kind: "data", initial: true, values: false });
    void wakeOn(watch, this.wake, mzxid);
    if (this.#isClosed) void watch.close();
    else this.#watches.set(name, watch);
  }
}
