import { keyedRandom } from "@flotilla/runtime/sim";
import type { KeyedRandom } from "@flotilla/runtime/sim";

/** Entry 1 is the configuration; `bytes` of it say nothing. */
interface Item {
  readonly index: number;
  readonly term: number;
  readonly bytes: number;
}

interface Place {
  readonly index: number;
  readonly term: number;
}

/** One thing to do to a node's storage. */
export type StoreStep =
  | { readonly type: "open"; readonly directory: string }
  /** Nothing comes of it but whether it could be opened. */
  | { readonly type: "open-in-thread"; readonly directory: string }
  | {
      readonly type: "append";
      readonly truncateFrom: number | null;
      readonly entries: readonly Item[];
      readonly hardState: { readonly term: number; readonly vote: string | null } | null;
      readonly commit: number;
    }
  | { readonly type: "save"; readonly last: Place }
  | { readonly type: "compact"; readonly base: Place }
  | { readonly type: "close" };

/** What a node goes on with: term, vote, the log as `index@term/bytes`, the newest intact snapshot. */
export interface StoreState {
  readonly term: number;
  readonly vote: string | null;
  readonly base: number;
  readonly entries: readonly string[];
  readonly snapshot: number;
}

interface Model {
  readonly term: number;
  readonly vote: string | null;
  readonly base: Place;
  readonly items: readonly Item[];
  readonly commit: number;
  /** Ascending; the newest two. */
  readonly snapshots: readonly Place[];
  /** Where the next batch lets the log begin. */
  readonly asked: Place;
}

const zero: Place = { index: 0, term: 0 };
const born: Model = { term: 0, vote: null, base: zero, items: [], commit: 0, snapshots: [], asked: zero };

function stateOf({ term, vote, base, items, snapshots }: Model): StoreState {
  const entries = items.map((item) => `${item.index}@${item.term}/${item.bytes}`);
  return { term, vote, base: base.index, entries, snapshot: snapshots.at(-1)?.index ?? 0 };
}

/**
 * Draws what a node might do to its storage, and knows what must be there after every step. A step that was not
 * answered may or may not have happened: `find` tells, and the life goes on from there.
 */
export class StoreModel {
  readonly #random: KeyedRandom;
  readonly #largeBytes: number;
  /** After each step since the state was last known for certain. */
  #lives: Model[] = [born];

  /** @param largeBytes size of the one entry in thirty that is large */
  constructor(seed: number, largeBytes: number) {
    this.#random = keyedRandom(seed, "store");
    this.#largeBytes = largeBytes;
  }

  /** How many steps were drawn since the state was last certain. */
  get steps(): number {
    return this.#lives.length - 1;
  }

  /** The states that may be found when `acked` of the steps were answered. */
  possible(acked: number): StoreState[] {
    return this.#lives.slice(acked).map(stateOf);
  }

  /** Goes on from `state`, if it may be found. @returns false when it may not */
  find(state: StoreState, acked: number): boolean {
    const told = JSON.stringify(state);
    // Of steps that leave the same state, the last one knows most of what is committed.
    const found = this.#lives.slice(acked).findLast((model) => JSON.stringify(stateOf(model)) === told);
    if (found === undefined) return false;
    this.#lives = [{ ...found, asked: found.base }];
    return true;
  }

  draw(): StoreStep {
    const before = this.#lives.at(-1) ?? born;
    const which = this.#random.below(20);
    const saved = which < 2 ? this.#save(before) : null;
    if (saved !== null) return saved;
    const compacted = which < 4 ? this.#compact(before) : null;
    return compacted ?? this.#append(before);
  }

  #save(before: Model): StoreStep | null {
    const newest = before.snapshots.at(-1) ?? zero;
    const within = before.items.filter(({ index }) => index > newest.index && index <= before.commit);
    const item = within[this.#random.below(Math.max(1, within.length))];
    if (item === undefined) return null;
    const last = { index: item.index, term: item.term };
    this.#lives.push({ ...before, snapshots: [...before.snapshots, last].slice(-2) });
    return { type: "save", last };
  }

  #compact(before: Model): StoreStep | null {
    const base = before.snapshots[this.#random.below(Math.max(1, before.snapshots.length))];
    if (base === undefined || base.index <= before.asked.index) return null;
    this.#lives.push({ ...before, asked: base });
    return { type: "compact", base };
  }

  #append(before: Model): StoreStep {
    const random = this.#random;
    const { asked } = before;
    const end = before.items.at(-1) ?? before.base;
    const first = Math.max(asked.index, before.commit) + 1;
    const cut =
      random.chance(0.15) && first <= end.index ? first + random.below(end.index - first + 1) : null;
    const kept = cut === null ? before.items : before.items.filter(({ index }) => index < cut);
    const moved = cut !== null || random.chance(0.15);
    const voted = moved || random.chance(0.05) ? { vote: random.chance(0.5) ? "a" : null } : null;
    const hardState = voted === null ? null : { term: before.term + (moved ? 1 : 0), ...voted };
    const term = hardState?.term ?? before.term;
    const last = kept.at(-1) ?? before.base;
    const entries = term === 0 ? [] : this.#entries(last.index + 1, term);
    const items = [...kept, ...entries];
    const commit = Math.min(items.at(-1)?.index ?? last.index, before.commit + random.below(8));
    this.#lives.push({
      ...before,
      ...hardState,
      base: asked,
      items: items.filter(({ index }) => index > asked.index),
      commit: Math.max(before.commit, commit),
    });
    return { type: "append", truncateFrom: cut, entries, hardState, commit };
  }

  #entries(from: number, term: number): Item[] {
    return Array.from({ length: this.#random.below(6) }, (_, k) => {
      const large = this.#random.chance(1 / 30);
      const drawn = this.#random.below(large ? this.#largeBytes : 200);
      return { index: from + k, term, bytes: from + k === 1 ? 0 : drawn };
    });
  }
}
