import { FlotillaError } from "@flotilla/runtime";
import type { CheckItem, MultiItem } from "../client/api.ts";
import { admitted, fitsBeside, placesHeld } from "./admission.ts";
import {
  grantedRecord,
  type Grantee,
  grantRecord,
  isGranted,
  type Line,
  type LinePaths,
  readLine,
  readLineAtHand,
  type Standing,
  type Waiter,
  waiterPath,
  waiterRecord,
} from "./line.ts";
import { ensureContainer } from "./names.ts";
import type { Calls } from "./patient.ts";
import { standBack } from "./stand-back.ts";
import { type Successor, successorsOf } from "./successors.ts";

/** Someone who wants to stand in line. */
export interface Applicant extends Standing {
  readonly name: string;
}

/** The tree moved on between reading and granting: read again. */
function isConflict(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_FENCED") ||
    FlotillaError.is(error, "ERR_FLOTILLA_CONDITION") ||
    FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") ||
    FlotillaError.is(error, "ERR_FLOTILLA_HAS_CHILDREN") ||
    FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND") ||
    FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")
  );
}

/** The revision of the multi, or null when the tree had moved on and nothing was changed. */
export async function attempt(
  calls: Pick<Calls, "multi">,
  items: readonly MultiItem[],
): Promise<number | null> {
  try {
    return (await calls.multi(items)).revision;
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}

function standing(paths: LinePaths, { name }: Applicant, value: string): MultiItem {
  return { type: "create", path: waiterPath(paths, name), value, ephemeral: true, guarded: true };
}

function waiting(paths: LinePaths, applicant: Applicant): MultiItem {
  return standing(paths, applicant, waiterRecord(applicant));
}

function holding(paths: LinePaths, applicant: Applicant): MultiItem {
  return standing(paths, applicant, grantedRecord(applicant, []));
}

/** How somebody joined: granted, or waiting, at that revision. */
export interface Joined {
  readonly granted: boolean;
  readonly revision: number;
}

/** Joins: granted at once where there is a place and nobody waits, else at the end of its priority. */
export async function join(calls: Calls, paths: LinePaths, applicant: Applicant): Promise<Joined> {
  if (isShared(applicant)) {
    // Of many who come at once the first in line lets the others in, by one command.
    const epoch = await joinGranted(calls, paths, applicant, fewLooks);
    if (epoch !== null) return { granted: true, revision: epoch };
  }
  for (;;) {
    try {
      const { branch, revision } = await calls.multi(takingAll(paths, applicant), {
        if: nobody(paths),
        else: [...ranking(paths, applicant), waiting(paths, applicant)],
      });
      return { granted: branch === "then", revision };
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
    await ensureContainer(calls, paths.line);
  }
}

/**
 * Joins where there is a place at once and nobody waits; otherwise nothing of it is left. The epoch, or null.
 * @param mostLooks how often the line is looked at, which others may change each time
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when those who hold count another number of places
 */
export async function joinGranted(
  calls: Calls,
  paths: LinePaths,
  applicant: Applicant,
  mostLooks: number,
): Promise<number | null> {
  let begunMs = calls.clock.now();
  for (let looks = 1; looks <= mostLooks; looks += 1) {
    if (looks > fewLooks) await standBack(calls.clock, applicant.name, looks, calls.clock.now() - begunMs);
    begunMs = calls.clock.now();
    const line = await readLine(calls, paths);
    requireSamePlaces(line, paths, applicant);
    if (!fitsBeside(line, applicant)) {
      if (!isShared(applicant) || !isBehind(line)) return null;
      continue;
    }
    const epoch = await (line.grant === null
      ? joinEmpty(calls, paths, applicant, line)
      : joinBeside(calls, paths, applicant, line));
    if (epoch !== null) return epoch;
    // Perhaps because there is no line, also below a record whose holders died.
    if (line.size === 0) await ensureContainer(calls, paths.line);
  }
  return null;
}

/** How often who would stand in line looks for a place before: the first look may find that there is no line yet. */
const fewLooks = 2;

/** Somebody was granted after the record was read, and is no one who waits. */
function isBehind({ waiting: others }: Line): boolean {
  return others.some(({ isGranted }) => isGranted);
}

/** What a line holds in which everybody stands behind whoever came before. */
const unranked = "";

/** Whoever stands before others by its priority says so first: nobody hands over then by what it saw earlier. */
function ranking({ line }: LinePaths, { priority }: Applicant): readonly MultiItem[] {
  return priority === 0 ? [] : [{ type: "set", path: line, value: "ranked" }];
}

/** More than one can hold at once. */
export function isShared({ permits, places }: Applicant): boolean {
  return permits < places;
}

/**
 * All who hold at once count the same places.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireSamePlaces(line: Line, paths: LinePaths, { places }: Applicant): void {
  const held = placesHeld(line);
  if (held === null || held === places) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `${paths.base} is held with ${held} permits in all, and this one was made with ${places}`,
  );
}

/**
 * Nobody holds, and nobody waits: the last to leave deletes the record, and whoever joined behind its back goes first.
 */
function nobody(paths: LinePaths): readonly CheckItem[] {
  return [{ type: "check", path: paths.grant, exists: false }, sizeIs(paths, 0)];
}

/** Nobody joined the line since it was read, also where something stands in it that is nobody. */
function sizeIs({ line }: LinePaths, size: number): CheckItem {
  return { type: "check", path: line, if: { children: size } };
}

/** The most that are asked for by one command, beside what else it does. */
const mostAsked = 900;

/**
 * Nobody joined the line since it was read, nor left it in turn: who leaves while others hold changes nothing else. Of very
 * many holders, those who were granted first are asked for.
 */
function allThere(paths: LinePaths, { holders, size }: Line): readonly CheckItem[] {
  const there = holders.slice(0, mostAsked).map(({ name }) => isThere(paths, name));
  return [sizeIs(paths, size), ...there];
}

function isThere(paths: LinePaths, name: string): CheckItem {
  return { type: "check", path: waiterPath(paths, name), exists: true };
}

/** What makes somebody the first holder. */
function takingAll(paths: LinePaths, applicant: Applicant): readonly MultiItem[] {
  const value = grantRecord([applicant], applicant.places);
  return [{ type: "create", path: paths.grant, value }, holding(paths, applicant)];
}

function joinEmpty(
  calls: Calls,
  paths: LinePaths,
  applicant: Applicant,
  { size }: Line,
): Promise<number | null> {
  return attempt(calls, [sizeIs(paths, size), ...takingAll(paths, applicant)]);
}

function joinBeside(
  calls: Calls,
  paths: LinePaths,
  applicant: Applicant,
  line: Line,
): Promise<number | null> {
  return attempt(calls, [
    ...allThere(paths, line),
    recordFor(paths, line, [...granteesOf(line), applicant], applicant.places),
    holding(paths, applicant),
  ]);
}

/** Those who hold and live, with what the record says of them. */
function granteesOf({ grant, holders }: Line): Grantee[] {
  return (grant?.holders ?? []).filter(({ name }) => holders.some((holder) => holder.name === name));
}

/** The record changes hands by compare-and-set on its mzxid: of all who try on one reading, one succeeds. */
function recordFor(paths: LinePaths, line: Line, holders: readonly Grantee[], places: number): MultiItem {
  const value = grantRecord(holders, places);
  return line.grant === null
    ? { type: "create", path: paths.grant, value }
    : { type: "set", path: paths.grant, value, mzxid: line.grant.mzxid };
}

/**
 * The grant itself: sets the waiter's node, so that its mzxid is the epoch. Nothing else ever sets it.
 * @param next whom it may hand over to in turn
 */
function grantTo(
  paths: LinePaths,
  waiter: Standing & Pick<Waiter, "name" | "mzxid">,
  next: readonly Successor[] = [],
): MultiItem {
  return {
    type: "set",
    path: waiterPath(paths, waiter.name),
    value: grantedRecord(waiter, next),
    mzxid: waiter.mzxid,
  };
}

/**
 * The head of the line takes the place that is free for it, and whoever is behind it those that are left. Returns the
 * epoch, or null when the tree had moved on.
 */
export function claim(calls: Calls, paths: LinePaths, line: Line, head: Waiter): Promise<number | null> {
  const next = admitted(line, head.places);
  const record = recordFor(paths, line, [...granteesOf(line), ...next], head.places);
  return attempt(calls, [record, ...next.map((waiter) => grantTo(paths, waiter))]);
}

/** How somebody leaves the line. */
export interface Departure {
  /** Name of the waiter that is granted before all others, if it waits. */
  readonly heir?: string;
  /** `held`: by somebody else than its holder, whose signal fires late then. Default: by itself. */
  readonly against?: "held";
  /** What it knows of the line: it leaves without a look if that is still so. */
  readonly known?: Known;
}

/** What a holder that takes all places knows of the line since it was granted. */
export interface Known {
  readonly epoch: number;
  readonly places: number;
  /** The first of those behind it, in line order; none: nobody else is in line. */
  readonly next: readonly Successor[];
}

/** How often someone leaves only if the line is as it was read: what stands there and is nobody keeps no one. */
const cautiousTries = 3;

/**
 * Leaves the line, handing over in the same revision when it holds. Returns when nothing of it is left. What the server
 * at hand has will do: it has every earlier write of this session, and what changes others is a compare-and-set.
 */
export async function leave(
  calls: Calls,
  paths: LinePaths,
  name: string,
  { heir, against, known }: Departure = {},
): Promise<void> {
  if (known !== undefined && heir === undefined && (await leaveKnowing(calls, paths, name, known))) return;
  for (let tries = 1; ; tries += 1) {
    const line = await readLineAtHand(calls, paths);
    const holder = line.holders.find((waiter) => waiter.name === name);
    const self = holder ?? line.waiting.find((waiter) => waiter.name === name);
    if (self === undefined) return;
    // Granted after the record was read: it has to hand over.
    if (holder === undefined && self.isGranted && tries <= cautiousTries) continue;
    const force = against === "held" ? { force: true } : {};
    const own: MultiItem = { type: "delete", path: waiterPath(paths, name), mzxid: self.mzxid, ...force };
    const left = preferring(without(line, name), heir);
    const others = holder === undefined ? [] : handOver(paths, left, behind(line.holders, holder));
    const mustBeLast = holder !== undefined && tries <= cautiousTries && isLast(line);
    const last: readonly MultiItem[] = mustBeLast ? [onlyOne(paths)] : [];
    if (await depart(calls, own, [...last, ...others])) return;
  }
}

/**
 * Leaves the line unless it was granted, without a look at the others: where many give up, each would read all of them.
 * Returns whether nothing of it is left, as the server at hand has it.
 */
export async function leaveWaiting(calls: Calls, paths: LinePaths, name: string): Promise<boolean> {
  const path = waiterPath(paths, name);
  const node = await calls.get(path, { level: "local" });
  if (node === null) return true;
  const { mzxid } = node.stat;
  if (isGranted(node)) return false;
  return (await attempt(calls, [{ type: "delete", path, mzxid }])) !== null;
}

/** Whoever joins meanwhile would wait for nobody. */
function isLast({ holders, waiting }: Line): boolean {
  return holders.length === 1 && waiting.length === 0;
}

function onlyOne(paths: LinePaths): CheckItem {
  return sizeIs(paths, 1);
}

/** Whether it left by what it knows. Else nothing is changed. */
async function leaveKnowing(calls: Calls, paths: LinePaths, name: string, known: Known): Promise<boolean> {
  const { epoch, places, next } = known;
  const own: MultiItem = { type: "delete", path: waiterPath(paths, name), mzxid: epoch };
  const [first, ...behind] = next;
  if (first === undefined) {
    // Takes the record along when nobody else is in line.
    const alone = [onlyOne(paths), own, { type: "delete", path: paths.grant, mzxid: epoch } as const];
    return (await attempt(calls, alone)) !== null;
  }
  const waiter = { ...first, priority: 0, permits: places, places };
  return depart(calls, own, [
    { type: "check", path: paths.line, if: { value: unranked } },
    { type: "set", path: paths.grant, value: grantRecord([first], places), mzxid: epoch },
    grantTo(paths, waiter, behind),
  ]);
}

/**
 * Whether it left. A budget that is used up may refuse a hand-over, or the record be too large for those whom others let in,
 * never a delete: then whoever is next claims the place by itself, or is told that it cannot.
 */
async function depart(calls: Calls, own: MultiItem, others: readonly MultiItem[]): Promise<boolean> {
  try {
    // The grants first: whoever is granted hears of that before it hears that a place is free.
    return (await attempt(calls, [...others, own])) !== null;
  } catch (error) {
    const isRefused =
      FlotillaError.is(error, "ERR_FLOTILLA_QUOTA") || FlotillaError.is(error, "ERR_FLOTILLA_TOO_LARGE");
    if (!isRefused) throw error;
    return (await attempt(calls, [own])) !== null;
  }
}

function preferring(line: Line, heir: string | undefined): Line {
  const isHeir = ({ name }: Waiter): boolean => name === heir;
  const waiting = [...line.waiting.filter(isHeir), ...line.waiting.filter((waiter) => !isHeir(waiter))];
  return { ...line, waiting };
}

function without(line: Line, name: string): Line {
  return { ...line, holders: line.holders.filter((holder) => holder.name !== name) };
}

/** Who was granted after somebody, or else the first. */
function behind(holders: readonly Waiter[], holder: Waiter): Waiter | undefined {
  return holders[holders.indexOf(holder) + 1] ?? holders[0];
}

/**
 * Fills the places that are free; the last to leave deletes the record. While others hold and nobody is let in, it stays as
 * it is: those who leave at once would overtake each other over it.
 * @param witness one of the others, if there are any: as long as it is there, somebody else is the last
 */
function handOver(paths: LinePaths, line: Line, witness: Waiter | undefined): MultiItem[] {
  const places = placesHeld(line) ?? line.waiting[0]?.places ?? 1;
  const next = admitted(line, places);
  const grantees = [...granteesOf(line), ...next];
  const grants = next.map((waiter) => grantTo(paths, waiter, successorsTo(line, waiter, places)));
  if (grants.length === 0 && witness !== undefined && line.holders.includes(witness))
    return [isThere(paths, witness.name)];
  if (grantees.length > 0) return [recordFor(paths, line, grantees, places), ...grants];
  return line.grant === null ? [] : [{ type: "delete", path: paths.grant, mzxid: line.grant.mzxid }];
}

/** Those behind somebody waiting who is to take all places. */
export function successorsTo({ waiting }: Line, self: Waiter, places: number): readonly Successor[] {
  if (self.permits !== places) return [];
  return successorsOf(
    waiting.filter((waiter) => waiter !== self),
    places,
  );
}
