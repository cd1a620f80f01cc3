import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, MultiItem, Session } from "../client/api.ts";
import {
  grantRecord,
  type Line,
  type LinePaths,
  readLine,
  type Waiter,
  waiterPath,
  waiterRecord,
} from "./line.ts";

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
    FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND") ||
    FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")
  );
}

/** The revision of the multi, or null when the tree had moved on and nothing was changed. */
async function attempt(
  session: Session,
  items: readonly MultiItem[],
  options: CallOptions,
): Promise<number | null> {
  try {
    return (await session.multi(items, options)).revision;
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}

function join(paths: LinePaths, applicant: Applicant): MultiItem {
  return {
    type: "create",
    path: waiterPath(paths, applicant.name),
    value: waiterRecord(applicant),
    ephemeral: true,
    guarded: true,
  };
}

/** Joins as granted when nobody was ever granted or the last to leave cleaned up. Returns the epoch, else null. */
export async function joinGranted(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  options: CallOptions,
): Promise<number | null> {
  return attempt(
    session,
    [{ type: "create", path: paths.grant, value: grantRecord(applicant) }, join(paths, applicant)],
    options,
  );
}

/** Joins the end of its priority. */
export async function joinWaiting(
  session: Session,
  paths: LinePaths,
  applicant: Applicant,
  options: CallOptions,
): Promise<void> {
  await session.multi([join(paths, applicant)], options);
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
export async function claim(
  session: Session,
  paths: LinePaths,
  line: Line,
  head: Waiter,
  options: CallOptions,
): Promise<number | null> {
  return attempt(session, [recordFor(paths, line, head), grantTo(paths, head)], options);
}

/** Leaves the line, handing over in the same revision when it holds. Returns when nothing of it is left. */
export async function leave(
  session: Session,
  paths: LinePaths,
  name: string,
  options: CallOptions,
): Promise<void> {
  for (;;) {
    const line = await readLine(session, paths, options);
    const self = line.waiters.find((waiter) => waiter.name === name);
    if (self === undefined) return;
    const items: MultiItem[] = [{ type: "delete", path: waiterPath(paths, name), mzxid: self.mzxid }];
    const next = line.waiters.find((waiter) => waiter.name !== name);
    if (line.grant?.holder === name) {
      if (next === undefined) items.push({ type: "delete", path: paths.grant, mzxid: line.grant.mzxid });
      else items.push(recordFor(paths, line, next), grantTo(paths, next));
    }
    if ((await attempt(session, items, options)) !== null) return;
  }
}
