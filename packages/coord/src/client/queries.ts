import { idDigits, limits, validatePath } from "@flotilla/kv";
import type { WatchToken } from "@flotilla/kv";
import type { ChangesQuery, NodeQuery, PastQuery, Query } from "../wire/messages.ts";
import { badArgument } from "./bad-argument.ts";
import type {
  BudgetsOptions,
  ChildrenOptions,
  HistoryOptions,
  LeasesOptions,
  SessionsOptions,
} from "./read-api.ts";
import { requireOptions } from "./call.ts";
import { isObject } from "../given.ts";

const encoder = new TextEncoder();
const idShape = new RegExp(`^[0-9a-f]{${idDigits}}$`);

/**
 * The question for a page of sessions.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function sessionsQuery(options: SessionsOptions): Extract<Query, { type: "sessions" }> {
  return { type: "sessions", ...pageById(options, limits.sessionsPage, "a session") };
}

/**
 * The question for a page of leases.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function leasesQuery(options: LeasesOptions): Extract<Query, { type: "leases" }> {
  return { type: "leases", ...pageById(options, limits.leasesPage, "a lease") };
}

function pageById(
  options: { readonly after?: string; readonly limit?: number },
  most: number,
  what: string,
): { readonly after: string | null; readonly limit: number } {
  requireOptions(options);
  const { after = null, limit = most } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most)
    throw badArgument(`limit: expected 1 to ${most}`);
  if (after !== null && (typeof after !== "string" || !idShape.test(after)))
    throw badArgument(`after: expected the id of ${what}`);
  return { after, limit };
}

/**
 * The question for a page of children.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function childrenQuery<T extends "children" | "child-nodes">(
  type: T,
  path: string,
  options: ChildrenOptions = {},
): { type: T; path: string; after: string | null; limit: number } {
  requireOptions(options);
  const { after = null, limit = limits.childrenPage } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.childrenPage)
    throw badArgument(`limit: expected 1 to ${limits.childrenPage}`);
  if (after !== null && (typeof after !== "string" || !isShort(after)))
    throw badArgument("after: expected a name");
  return { type, path, after, limit };
}

/** It fits where a path does. */
function isShort(text: string): boolean {
  if (text.length * 3 <= limits.pathBytes) return true;
  return text.length <= limits.pathBytes && encoder.encode(text).length <= limits.pathBytes;
}

/**
 * The question for the budget of a path.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`
 */
export function budgetQuery(path: string): Extract<Query, { type: "budget" }> {
  validatePath(path);
  return { type: "budget", path };
}

/**
 * The question for a page of budgets.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function budgetsQuery(path: string, options: BudgetsOptions): Extract<Query, { type: "budgets" }> {
  validatePath(path);
  requireOptions(options);
  const { after, limit = limits.budgetsPage } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.budgetsPage)
    throw badArgument(`limit: expected 1 to ${limits.budgetsPage}`);
  if (after !== undefined) validatePath(after);
  return { type: "budgets", path, after: after ?? null, limit };
}

/**
 * The question as of a revision; undefined: as of now.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function asOf(query: NodeQuery, revision: number | undefined): NodeQuery | PastQuery {
  if (revision === undefined) return query;
  if (!isCount(revision)) throw badArgument("revision: expected a whole number from 0");
  return { type: "past", revision, query };
}

/**
 * The question for a page of a node's changes.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function changesQuery(path: string, options: HistoryOptions = {}): ChangesQuery {
  requireOptions(options);
  const { before, limit = limits.changesPage } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.changesPage)
    throw badArgument(`limit: expected 1 to ${limits.changesPage}`);
  return { type: "changes", path, before: before === undefined ? null : pointOf(before), limit };
}

function pointOf(given: WatchToken): WatchToken {
  if (!isObject(given) || !isCount(given.revision) || !isCount(given.ordinal))
    throw badArgument("before: expected `next` of the page before");
  return { revision: given.revision, ordinal: given.ordinal };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
