import type { Node } from "@flotilla/kv";
import type { Session } from "../../client/api.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import { readNodes } from "../children.ts";
import { numberAt, readRecord } from "../record.ts";
import { type CronPlaces, nameOfRun } from "./places.ts";

/** So many at most are read one by one. */
const few = 16;

/** Nodes of runs that are remembered: the latest `most` of them are among these. */
export async function readKept(
  session: Session,
  places: CronPlaces,
  most: number,
  options: ReadOptions,
): Promise<readonly Node[]> {
  const latest = most <= few ? await readLatest(session, places, most, options) : null;
  return latest ?? (await readNodes(session, places.runs, options)).map(({ node }) => node);
}

/**
 * Each by its number, whose place in the ring follows from how many there are. Null when one is not there: everybody is to
 * keep as many, but nothing makes them, and a ring may go on meanwhile.
 */
async function readLatest(
  session: Session,
  { last, runs }: CronPlaces,
  most: number,
  options: ReadOptions,
): Promise<readonly Node[] | null> {
  const number = (await session.exists(last, options))?.version ?? 0;
  const kept = (await session.exists(runs, options))?.numChildren ?? 0;
  if (kept === 0 || number < kept) return null;
  const read = (place: number): Promise<Node | null> => session.get(`${runs}/${nameOfRun(place)}`, options);
  const numbers = Array.from({ length: Math.min(most, kept) }, (_, k) => number - k);
  const nodes = await Promise.all(
    numbers.map(async (each) => {
      // As long as the ring has no end, the first place is empty.
      const node = number === kept ? await read(each) : null;
      return node ?? read(each % kept);
    }),
  );
  const found = nodes.filter((node, k) => numberAt(readRecord(node) ?? {}, "number", 0) === numbers[k]);
  return found.length < numbers.length ? null : found.filter((node) => node !== null);
}
