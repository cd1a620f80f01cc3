import { FlotillaError } from "@flotilla/runtime";
import type { MultiItem } from "../client/api.ts";
import {
  grantRecord,
  type Line,
  type LinePaths,
  readLine,
  type Waiter,
  waiterPath,
  waiterRecord,
} from "./line.ts";
import { ensurePath } from "./names.ts";
import type { Calls } from "./patient.ts";

/** Someone who wants to stand in line. */
export interface Applicant {
  readonly name: string;
  readonly id: string;
  readonly value: string;
  readonly priority: number;
}

/** The tree moved on between reading and granting: read again. */
function isConflict(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_FENCED") ||
    FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") ||
    FlotillaError.is(error, "ERR_FLOTILLA_HAS_CHILDREN") ||
    FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND") ||
    FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")
  );
}

/** The revision of the multi, or null when the tree had moved on and nothing was changed. */
async function attempt(calls: Calls, items: readonly MultiItem[]): Promise<number | null> {
  try {
    return (await calls.multi(items)).revision;
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}

function standing(paths: LinePaths, applicant: Applicant): MultiItem {
  return {
    type: "create",
    path: waiterPath(paths, applicant.name),
    value: waiterRecord(applicant),
    ephemeral: true,
    guarded: true,
  };
}

/** Joins at once: granted when nobody else is there, else at the end of its priority. The epoch, or null while it waits. */
export async function join(calls: Calls, paths: LinePaths, applicant: Applicant): Promise<number | null> {
  for (;;) {
    const epoch = await joinGranted(calls, paths, applicant);
    if (epoch !== null) return epoch;
    try {
      await calls.multi([standing(paths, applicant)]);
      return null;
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
    await ensurePath(calls, paths.line);
  }
}

/**
 * Deleting the line and making it again is the condition that nobody stands in it: the last to leave deletes
 * the record, and whoever joined behind its back goes first.
 */
function joinGranted(calls: Calls, paths: LinePaths, applicant: Applicant): Promise<number | null> {
  return attempt(calls, [
    { type: "create", path: paths.grant, value: grantRecord(applicant) },
    { type: "delete", path: paths.line },
    { type: "create", path: paths.line },
    standing(paths, applicant),
  ]);
}

/** The record changes hands by compare-and-set on its mzxid: of all who try on one reading, one succeeds. */
function recordFor(paths: LinePaths, line: Line, holder: Applicant): MultiItem {
  return line.grant === null
    ? { type: "create", path: paths.grant, value: grantRecord(holder) }
    : { type: "set", path: paths.grant, value: grantRecord(holder), mzxid: line.grant.mzxid };
}

/** The grant itself: sets the waiter's node, so that its mzxid is the epoch. Nothing else ever sets it. */
function grantTo(paths: LinePaths, waiter: Waiter): MultiItem {
  return {
    type: "set",
    path: waiterPath(paths, waiter.name),
    value: waiterRecord(waiter),
    mzxid: waiter.mzxid,
  };
}

/** The head of the line takes a vacant place. Returns the epoch, or null when the tree had moved on. */
export function claim(calls: Calls, paths: LinePaths, line: Line, head: Waiter): Promise<number | null> {
  return attempt(calls, [recordFor(paths, line, head), grantTo(paths, head)]);
}

/** Leaves the line, handing over in the same revision when it holds. Returns when nothing of it is left. */
export async function leave(calls: Calls, paths: LinePaths, name: string): Promise<void> {
  for (;;) {
    const line = await readLine(calls, paths);
    const self = line.waiters.find((waiter) => waiter.name === name);
    if (self === undefined) return;
    const items: MultiItem[] = [{ type: "delete", path: waiterPath(paths, name), mzxid: self.mzxid }];
    const next = line.waiters.find((waiter) => waiter.name !== name);
    if (line.grant?.holder === name) {
      if (next === undefined) items.push({ type: "delete", path: paths.grant, mzxid: line.grant.mzxid });
      else items.push(recordFor(paths, line, next), grantTo(paths, next));
    }
    if ((await attempt(calls, items)) !== null) return;
  }
}
