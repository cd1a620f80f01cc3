import type { WatchKind } from "@flotilla/kv";
import { isNamePattern, validatePath } from "@flotilla/kv";
import { wireBounds } from "../wire/bounds.ts";
import type { ResumeToken, WatchWants } from "../wire/messages.ts";
import { outsideHistory } from "../wire/messages.ts";
import { badArgument } from "./bad-argument.ts";
import type { BookmarkedWatchOptions, WatchOptions } from "./api.ts";
import type { WatchFilter } from "./watch-api.ts";
import { requireOptions } from "./call.ts";
import type { WatchRequest } from "./watch-stream.ts";

const maxHistoryIdLength = 32;
const defaultBookmarkMs = 60_000;
const kinds: readonly string[] = ["data", "children", "recursive"] satisfies readonly WatchKind[];
const types: WatchWants["types"] = ["created", "changed", "deleted"];

/** Sorts behind every ordinal of a revision. */
const lastOrdinal = Number.MAX_SAFE_INTEGER;

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function flag(name: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw badArgument(`${name}: expected true or false`);
  return value;
}

/** Where a watch starts; without a history, in that of the server it is first sent to. */
type Start = Omit<ResumeToken, "historyId"> & { readonly historyId?: string | undefined };

function tokenOf(from: Exclude<WatchOptions["from"], undefined>): Start {
  const position: Start = typeof from === "number" ? { revision: from, ordinal: lastOrdinal } : from;
  requireOptions(position);
  const { revision, ordinal, historyId } = position;
  const isNamed =
    historyId === undefined || (typeof historyId === "string" && historyId.length <= maxHistoryIdLength);
  if (!isCount(revision) || !isCount(ordinal) || !isNamed)
    throw badArgument("from: expected a revision, or the token of a watch or an event");
  return { historyId, revision, ordinal };
}

function startOf({ from, initial = false }: WatchOptions): Start | null {
  if (flag("initial", initial)) {
    if (from !== undefined) throw badArgument("initial: expected no from beside it");
    return outsideHistory;
  }
  return from === undefined ? null : tokenOf(from);
}

function filterOf(filter: WatchFilter): Pick<WatchWants, "types" | "names"> {
  requireOptions(filter);
  const wanted = filter.types ?? types;
  if (!Array.isArray(wanted) || wanted.length === 0 || wanted.some((type) => !types.includes(type)))
    throw badArgument("filter.types: expected some of created, changed, deleted");
  const names = filter.names ?? null;
  if (names !== null && !isNamePattern(names))
    throw badArgument("filter.names: expected 1 to 256 characters, no slash, at most eight *");
  return { types: types.filter((type) => wanted.includes(type)), names };
}

function bookmarkMsOf(options: WatchOptions & Partial<BookmarkedWatchOptions>): number | null {
  const { bookmarks = false, bookmarkMs = defaultBookmarkMs } = options;
  const { minBookmarkMs, maxBookmarkMs } = wireBounds;
  if (!Number.isSafeInteger(bookmarkMs) || bookmarkMs < minBookmarkMs || bookmarkMs > maxBookmarkMs)
    throw badArgument(`bookmarkMs: expected ${minBookmarkMs} to ${maxBookmarkMs}`);
  return flag("bookmarks", bookmarks) ? bookmarkMs : null;
}

function wantsOf(options: WatchOptions): WatchWants | null {
  const { filter = {}, values = true, previous = false } = options;
  const wants = {
    ...filterOf(filter),
    values: flag("values", values),
    previous: flag("previous", previous),
    bookmarkMs: bookmarkMsOf(options),
  };
  const isPlain = wants.types.length === types.length && wants.names === null && values && !previous;
  return isPlain && wants.bookmarkMs === null ? null : wants;
}

/**
 * What a caller asks for, checked.
 * @param ownHistory the history of the server at hand; asked for once there is one
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function watchRequest(path: string, options: WatchOptions, ownHistory: () => string): WatchRequest {
  validatePath(path);
  requireOptions(options);
  const { kind = "data", once = false } = options;
  if (!kinds.includes(kind)) throw badArgument("kind: expected data, children or recursive");
  const start = startOf(options);
  return {
    path,
    kind,
    get from() {
      return start && { ...start, historyId: start.historyId ?? ownHistory() };
    },
    wants: wantsOf(options),
    once: flag("once", once),
  };
}
