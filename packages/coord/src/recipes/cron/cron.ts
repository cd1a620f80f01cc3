import type { Random } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import { badArgument, requireFunction } from "../../client/bad-argument.ts";
import { checkedLimits, requireOptions } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { listen, within } from "../bounded.ts";
import { readNodes } from "../children.ts";
import { requireInteger } from "../counted.ts";
import { givenBack } from "../given-back.ts";
import { segment } from "../names.ts";
import type { Cron, CronOptions, CronRecord, CronRun, CronRunOptions, HistoryOfRunsOptions } from "./api.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { forgetCron } from "./forget.ts";
import { readKept } from "./kept.ts";
import { type CronPlaces, cronPlaces, nameOfRun } from "./places.ts";
import { readRun } from "./records.ts";
import { Rounds, type RoundsParts } from "./rounds.ts";
import { Schedule } from "./schedule.ts";

const maxGraceMs = 86_400_000;
const mostKept = 1_000;
/** What calendars know, and the days beside it that zones look at. */
const farthestMs = 8_640_000_000_000_000 - 4 * 86_400_000;

/**
 * A job for `name`, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createCron(session: Session, random: Random, name: string, options: CronOptions): Cron {
  const { schedule, timeZone = "UTC", missed = "skip", overlap = "skip" } = options;
  const { graceMs = 60_000, maxMissed = 100, keepRuns = 100 } = options;
  return new SessionCron({
    session,
    random,
    name: segment(name, "name"),
    places: cronPlaces(name),
    schedule: new Schedule(schedule, timeZone),
    missed: {
      missed: requireOneOf(missed, "missed", ["skip", "once", "all"]),
      graceMs: requireInteger(graceMs, "graceMs", 0, maxGraceMs),
      maxMissed: requireInteger(maxMissed, "maxMissed", 1, mostKept),
    },
    overlap: requireOneOf(overlap, "overlap", ["allow", "skip", "wait"]),
    keepRuns: requireInteger(keepRuns, "keepRuns", 1, mostKept),
  });
}

function requireOneOf<T extends string>(value: T, what: string, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `${what}: expected one of ${known.join(", ")}`);
}

class SessionCron implements Cron {
  readonly name: string;
  readonly path: string;
  readonly #session: Session;
  readonly #places: CronPlaces;
  readonly #parts: RoundsParts;

  constructor(parts: RoundsParts) {
    this.name = parts.name;
    this.path = parts.places.base;
    this.#session = parts.session;
    this.#places = parts.places;
    this.#parts = parts;
  }

  async run(fn: (run: CronRun) => Promise<void> | void, options: CronRunOptions = {}): Promise<void> {
    requireFunction(fn);
    checkedLimits(options, Number.POSITIVE_INFINITY);
    const { signal, onError = () => {} } = options;
    const ending = sharedController();
    const stops = [signal, this.#session.signal].map((each) => listen(each, (why) => ending.abort(why)));
    const running = new Set<Promise<void>>();
    const failures: unknown[] = [];
    const rounds = new Rounds(this.#parts, (run) => {
      const over = (ended: Promise<void>): Promise<void> => givenBack(this.#session, ended, ending.signal);
      const work = perform(run, fn, { onError, over })
        .catch((error: unknown) => {
          failures.push(error);
          ending.abort(error);
        })
        .finally(() => running.delete(work));
      running.add(work);
    });
    try {
      ending.signal.throwIfAborted();
      await rounds.go(ending.signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      for (const stop of stops) stop();
      await Promise.all(running);
    }
    if (failures.length > 0) throw failures[0];
  }

  async history(options: HistoryOfRunsOptions = {}): Promise<readonly CronRecord[]> {
    requireOptions(options);
    const { limit = mostKept, ...others } = options;
    const { running, base } = this.#places;
    return within(this.#session, others, `history of ${base}`, async (bounds) => {
      const most = requireInteger(limit, "limit", 1, mostKept);
      // In this order, so that what ended meanwhile is told as ended, and what began meanwhile as running.
      const begunAt = (await this.#session.exists(running, bounds))?.pzxid ?? -1;
      const alive = new Set((await readNodes(this.#session, running, bounds)).map(({ name }) => name));
      const kept = await readKept(this.#session, this.#places, most, bounds);
      const isRunning = (number: number, mzxid: number): boolean =>
        mzxid > begunAt || alive.has(nameOfRun(number));
      const found = kept.flatMap((node) => readRun(this.name, node, isRunning) ?? []);
      return found.toSorted((a, b) => b.number - a.number).slice(0, most);
    });
  }

  next(afterMs: number = this.#session.clock.wallNow()): number | null {
    if (Number.isFinite(afterMs) && Math.abs(afterMs) <= farthestMs)
      return this.#parts.schedule.next(afterMs);
    throw badArgument("afterMs: expected a moment, ms since the epoch");
  }

  forget(options?: CallOptions): Promise<void> {
    return forgetCron(this.#session, this.#places, options);
  }
}

interface Following {
  readonly onError: NonNullable<CronRunOptions["onError"]>;
  /** Waits until the tree knows of an end. */
  readonly over: (ended: Promise<void>) => Promise<void>;
}

async function perform(
  run: ClaimedRun,
  fn: (run: CronRun) => Promise<void> | void,
  { onError, over }: Following,
): Promise<void> {
  try {
    // Taken up while the lease had lapsed, it is run by nobody.
    run.assert();
    await fn(run);
    await over(run.end("done"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const state = run.signal.aborted ? "lost" : "failed";
    try {
      await onError(error, run);
    } finally {
      await over(run.end(state, why));
    }
  }
}
