import { FlotillaError } from "@flotilla/runtime";
import type { CheckItem, MultiItem, Session } from "../../client/api.ts";
import { type LinePaths, waiterPath } from "../line.ts";
import { type Calls, patient } from "../patient.ts";
import { readRound } from "./gathering.ts";

/**
 * Gives up a place at a double barrier, however long it takes; the last of a round takes its record along. Ends with the
 * session at the latest, which takes the place along.
 */
export async function leaveRound(session: Session, paths: LinePaths, name: string): Promise<void> {
  try {
    await leave(patient(session, undefined), paths, name);
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}

async function leave(calls: Calls, paths: LinePaths, name: string): Promise<void> {
  const own: MultiItem = { type: "delete", path: waiterPath(paths, name) };
  for (;;) {
    const node = await calls.get(paths.grant);
    const round = node === null ? null : readRound(node);
    try {
      if (round === null || !round.names.includes(name)) await calls.multi([own]);
      else {
        const others = round.names.filter((other) => other !== name);
        const isLast = others.map((other): CheckItem => {
          return { type: "check", path: waiterPath(paths, other), exists: false };
        });
        const record: MultiItem = { type: "delete", path: paths.grant, mzxid: round.epoch };
        await (isLast.length === 0
          ? calls.multi([record, own])
          : calls.multi([record, own], { if: isLast, else: [own] }));
      }
      return;
    } catch (error) {
      if (!isOutdated(error)) throw error;
    }
    if ((await calls.get(waiterPath(paths, name))) === null) return;
  }
}

/** Takes away the record of a round whose last ones died, unless another began. */
export async function endRound(calls: Calls, paths: LinePaths, epoch: number): Promise<void> {
  try {
    await calls.multi([{ type: "delete", path: paths.grant, mzxid: epoch }]);
  } catch (error) {
    if (!isOutdated(error)) throw error;
  }
}

/** Somebody was quicker. */
export function isOutdated(error: unknown): boolean {
  return (
    FlotillaError.is(error) &&
    ["ERR_FLOTILLA_FENCED", "ERR_FLOTILLA_NOT_FOUND", "ERR_FLOTILLA_EXISTS"].includes(error.code)
  );
}
