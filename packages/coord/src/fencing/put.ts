import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import { checkedEpoch, fenced, type Token } from "./token.ts";

/** What is known of a stored object without its content. */
export interface StoredTag<Tag> {
  /** Changes with every write, such as an ETag or a version. */
  readonly tag: Tag;
  /** As written with it; null when it was written without. */
  readonly epoch: number | null;
}

/**
 * A store that writes on a condition: `If-Match` and `If-None-Match: *` of an object store with the epoch in its metadata,
 * `WATCH` and `MULTI` of Redis with the epoch in the same hash, a compare-and-set of anything else.
 */
export interface ConditionalStore<Value, Tag> {
  /** Null when there is none. Must not be older than the store's latest acknowledged write. */
  head(key: string): Promise<StoredTag<Tag> | null>;
  /** Writes value and epoch at once, if its tag is still this one, or there is still none. False when it was not so. */
  put(
    key: string,
    value: Value,
    condition: { readonly tag: Tag | null; readonly epoch: number },
  ): Promise<boolean>;
}

/** Tries that were overtaken, until it is given up. */
const maxTries = 100;

/** Nobody's counts less than anybody's. */
function storedEpoch({ epoch }: StoredTag<unknown>, key: string): number {
  if (epoch === null) return -1;
  if (Number.isSafeInteger(epoch) && epoch >= 0) return epoch;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `the store tells an epoch of ${key} that is none: expected a whole number from 0, or null`,
  );
}

/**
 * Writes unless a later holder did before. The condition on the tag is what makes it safe: whatever comes between reading
 * the epoch and writing has the write refused, and the epoch is read again. An epoch that is none lets nobody write: a later
 * holder may have written it.
 * @throws FlotillaError `ERR_FLOTILLA_FENCED`, `ERR_FLOTILLA_OVERLOADED` when others wrote before each of many tries,
 * `ERR_FLOTILLA_BAD_ARGUMENT` (also when the store tells an epoch that is none), and what the store throws
 */
export async function fencedPut<Value, Tag>(
  store: ConditionalStore<Value, Tag>,
  key: string,
  value: Value,
  token: Token,
): Promise<void> {
  const epoch = checkedEpoch(token);
  if (!isObject(store))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "store: expected one with head and put");
  for (let tries = 0; tries < maxTries; tries += 1) {
    const stored = await store.head(key);
    if (stored !== null && storedEpoch(stored, key) > epoch) throw fenced(key, epoch);
    if (await store.put(key, value, { tag: stored?.tag ?? null, epoch })) return;
  }
  throw new FlotillaError(
    "ERR_FLOTILLA_OVERLOADED",
    `${key} was written by others ${maxTries} times in a row`,
  );
}
