import type { MultiItem, Session } from "../../client/api.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { inTurn } from "../bounded.ts";
import { type LinePaths, linePaths } from "../line.ts";
import { ensurePath } from "../names.ts";

/**
 * The nodes of a queue. An item is `items/ITEM`, and its claim `items/ITEM/TAKER`: one at most, made by whoever hands
 * out. It stands as long as the item is taken; a taker is an ephemeral node in `takers`, whose value is how many items
 * it wants to have.
 */
export interface QueuePlaces {
  readonly base: string;
  readonly items: string;
  readonly takers: string;
  readonly dead: string;
  /** Set to learn the time of the log. */
  readonly clock: string;
  /** Of who hands out. */
  readonly line: LinePaths;
}

export function queuePlaces(name: string): QueuePlaces {
  const line = linePaths("queue", name);
  const { base } = line;
  return {
    base,
    items: `${base}/items`,
    takers: `${base}/takers`,
    dead: `${base}/dead`,
    clock: `${base}/clock`,
    line,
  };
}

export async function ensurePlaces(
  session: Session,
  places: QueuePlaces,
  options: CallOptions,
): Promise<void> {
  const left = inTurn(session.clock, options);
  for (const path of [places.items, places.takers, places.dead])
    await ensurePath(session, path, { ...options, ...left() });
}

/** Highest priority. */
export const maxPriority = 99;
/** Longest delay, ms. */
export const maxDelayMs = 9_999_999_999;
const digitsOfPriority = 2;
const digitsOfDelay = 10;
const namePattern = /^(\d{2})-(\d{10})-(\d{10,16})$/;
const text = new TextDecoder();

/** What the name of an item begins with; the tree appends its number. */
export function itemPrefix(priority: number, delayMs: number): string {
  const rank = String(maxPriority - priority).padStart(digitsOfPriority, "0");
  return `${rank}-${String(delayMs).padStart(digitsOfDelay, "0")}-`;
}

/** What the name of an item says. */
export interface ItemName {
  /** Items of lower rank go first. */
  readonly rank: number;
  readonly delayMs: number;
  /** In the order of the puts. */
  readonly number: number;
}

/** Null for what is no item. */
export function readItemName(name: string): ItemName | null {
  const [, rank, delayMs, number] = namePattern.exec(name) ?? [];
  if (rank === undefined) return null;
  return { rank: Number(rank), delayMs: Number(delayMs), number: Number(number) };
}

/** How many items a taker says that it wants to have; null for what is no such number. */
export function readWants(value: Uint8Array): number | null {
  const wants = text.decode(value);
  return /^\d{1,15}$/.test(wants) ? Number(wants) : null;
}

/** What takes an item away from everybody, and leaves its value with the dead letters. */
export function burial(places: QueuePlaces, item: string, value: Uint8Array): MultiItem[] {
  return [
    { type: "delete", path: `${places.items}/${item}`, recursive: true },
    { type: "create", path: `${places.dead}/${item}`, value },
  ];
}
