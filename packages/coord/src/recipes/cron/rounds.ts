import type { Random } from "@flotilla/runtime";
import type { Session, Watch } from "../../client/api.ts";
import { isBelieved, untilBelieved } from "../belief.ts";
import { orAborted } from "../bounded.ts";
import { untilRoom } from "../no-room.ts";
import { requireStaying } from "../parting.ts";
import { patient } from "../patient.ts";
import { ignoreTyped } from "../run-held.ts";
import { Wake } from "../wake.ts";
import type { CronOptions } from "./api.ts";
import { type Claim, type Claimed, claimTick, skipTick, type TakenTick } from "./claim.ts";
import { ClaimedRun } from "./claimed-run.ts";
import { Due, type Missed } from "./due.ts";
import { Ledger } from "./ledger.ts";
import { type CronPlaces, ensureCron } from "./places.ts";
import type { Schedule } from "./schedule.ts";

/** The wall clock is looked at again after so long at the latest, ms: it may have been set. */
const longestSleepMs = 5_000;
/**
 * Whoever ran the last tick takes up the next at once; the others leave it so long, ms, and then come at moments drawn
 * from so many: so the first one mostly has it alone.
 */
const othersMs = 40;
const spreadMs = 40;

export interface RoundsParts {
  readonly session: Session;
  readonly random: Random;
  readonly name: string;
  readonly places: CronPlaces;
  readonly schedule: Schedule;
  readonly missed: Missed;
  readonly overlap: NonNullable<CronOptions["overlap"]>;
  readonly keepRuns: number;
}

/** Takes up one tick after the other, those that others do not. */
export class Rounds {
  readonly #parts: RoundsParts;
  readonly #begin: (run: ClaimedRun) => void;
  readonly #ledger: Ledger;
  readonly #wake = new Wake();
  readonly #due: Due;
  /** Number of the last tick that was taken up here. */
  #ran = 0;

  constructor(parts: RoundsParts, begin: (run: ClaimedRun) => void) {
    this.#parts = parts;
    this.#begin = begin;
    this.#ledger = new Ledger(parts.places);
    this.#due = new Due(parts.schedule, parts.missed);
  }

  /** Until the signal fires; rejects with its reason. */
  async go(signal: AbortSignal): Promise<never> {
    const { session, places } = this.#parts;
    const calls = patient(session, signal);
    const { clock } = session;
    await untilRoom(clock, signal, () => ensureCron(calls, places, clock.wallNow()));
    // The snapshot is the server's at hand, which has by then what a linearizable read has shown.
    await calls.get(places.last);
    const arm = (): Promise<Watch> => calls.watch(places.base, { kind: "recursive", initial: true });
    const watch = await untilRoom(clock, signal, arm);
    void this.#follow(watch).catch(ignoreTyped);
    try {
      for (;;) await untilRoom(clock, signal, () => this.#round(signal));
    } finally {
      void watch.close();
    }
  }

  async #follow(watch: Watch): Promise<void> {
    for await (const event of watch) {
      if (this.#ledger.take(event)) this.#wake.notify();
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { session, overlap, random } = this.#parts;
    requireStaying(session);
    const { last } = this.#ledger;
    const nowMs = session.clock.wallNow();
    if (last === null) {
      // Somebody had it forgotten.
      await ensureCron(patient(session, signal), this.#parts.places, nowMs);
      return this.#wake.next(signal);
    }
    const tickMs = this.#due.next(last.tickMs, nowMs);
    if (tickMs === null) return this.#sleep(longestSleepMs, signal);
    if (tickMs > nowMs) {
      const isOwn = last.version === this.#ran;
      const ms = tickMs - nowMs + (isOwn ? 0 : othersMs + random.below(spreadMs));
      return this.#sleep(Math.min(ms, longestSleepMs), signal);
    }
    if (overlap === "wait" && this.#ledger.isRunning) return this.#wake.next(signal);
    // It would be lost at once, and is another's to take up.
    if (!isBelieved(session.lease)) return untilBelieved(session, signal);
    const { version, mzxid } = last;
    const { keepRuns } = this.#parts;
    const isAlone = overlap !== "allow";
    await this.#take({ tickMs, version, mzxid, by: session.id, keepRuns, isAlone }, signal);
  }

  async #take(claim: Claim, signal: AbortSignal): Promise<void> {
    const { session, places, overlap } = this.#parts;
    const taking = this.#claim(claim);
    const run = await orAborted(taking, signal).catch((error: unknown) => {
      // Whoever takes part no more runs nothing more.
      void taking
        .then((late) => (late instanceof ClaimedRun ? late.end("lost") : undefined))
        .catch(ignoreTyped);
      throw error;
    });
    if (run instanceof ClaimedRun) {
      this.#ran = run.number;
      this.#begin(run);
    }
    if (run === "overlap" && overlap === "skip") await skipTick(patient(session, signal), places, claim);
    // The watch need not tell of it.
    if (run === "absent") return ensureCron(patient(session, signal), places, session.clock.wallNow());
    // Told of by the watch, by which alone this is known.
    if (run === "overlap") return this.#wake.next(signal);
    while (this.#ledger.last?.mzxid === claim.mzxid) await this.#wake.next(signal);
  }

  async #claim(claim: Claim): Promise<ClaimedRun | Exclude<Claimed, TakenTick>> {
    const { session, name, places, keepRuns } = this.#parts;
    const tick = await claimTick(patient(session, session.signal), places, claim);
    if (typeof tick === "string") return tick;
    return new ClaimedRun({ session, name, places, keepRuns, tick, lease: session.lease });
  }

  /** Ends early when anything changes. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const timer = this.#parts.session.clock.setTimer(ms, () => this.#wake.notify());
    try {
      await this.#wake.next(signal);
    } finally {
      timer.cancel();
    }
  }
}
