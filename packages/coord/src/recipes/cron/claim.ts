import { FlotillaError } from "@flotilla/runtime";
import type { MultiItem } from "../../client/api.ts";
import type { Calls } from "../patient.ts";
import { type CronPlaces, nameOfRun, pathOfRecord } from "./places.ts";
import { writeRun } from "./records.ts";

/** A tick that is to be taken up, as the one after `version` others, of which the last was counted at `mzxid`. */
export interface Claim {
  readonly tickMs: number;
  readonly version: number;
  readonly mzxid: number;
  readonly by: string;
  readonly keepRuns: number;
  /** Only while nothing else runs. */
  readonly isAlone: boolean;
}

/** `moved`: somebody else was quicker, or had the job forgotten; `absent`: places are missing; `overlap`: something runs. */
export type Claimed = TakenTick | "moved" | "absent" | "overlap";

export interface TakenTick {
  readonly epoch: number;
  readonly number: number;
  readonly tickMs: number;
  /** Leader's wall time. */
  readonly startedMs: number;
}

/** Takes a tick up: one command, which fails if any other tick was since. */
export async function claimTick(calls: Calls, places: CronPlaces, claim: Claim): Promise<Claimed> {
  const number = claim.version + 1;
  const running: MultiItem = {
    type: "create",
    path: `${places.running}/${nameOfRun(number)}`,
    value: claim.by,
    ephemeral: true,
    guarded: true,
  };
  const alone: MultiItem[] = claim.isAlone
    ? [{ type: "check", path: places.running, if: { children: 0 } }]
    : [];
  const write = [...recording(places, claim, "running"), ...alone, running];
  try {
    const { revision, results } = await calls.multi(write);
    return { epoch: revision, number, tickMs: claim.tickMs, startedMs: results[0]?.stat?.mtimeMs ?? 0 };
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) return "moved";
    if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) return "absent";
    if (FlotillaError.is(error, "ERR_FLOTILLA_CONDITION")) return "overlap";
    throw error;
  }
}

/** Passes a tick over. */
export async function skipTick(calls: Calls, places: CronPlaces, claim: Claim): Promise<void> {
  try {
    await calls.multi(recording(places, claim, "skipped"));
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_FENCED") && !FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND"))
      throw error;
  }
}

/** Counts the tick and keeps a record, in the place of the oldest. */
function recording(
  places: CronPlaces,
  { tickMs, version, mzxid, by, keepRuns }: Claim,
  state: "running" | "skipped",
): MultiItem[] {
  const number = version + 1;
  const value = writeRun({ number, tickMs, by, state });
  return [
    { type: "set", path: places.last, value: String(tickMs), mzxid },
    { type: "put", path: pathOfRecord(places, number, keepRuns), value },
  ];
}
