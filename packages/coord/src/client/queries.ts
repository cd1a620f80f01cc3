import { idDigits, limits } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Query } from "../wire/messages.ts";
import type { LeasesOptions, SessionsOptions } from "./api.ts";
import { requireOptions } from "./call.ts";

const idShape = new RegExp(`^[0-9a-f]{${idDigits}}$`);

function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

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
