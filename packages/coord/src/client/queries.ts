import { idDigits, limits } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Query } from "../wire/messages.ts";
import type { SessionsOptions } from "./api.ts";
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
  requireOptions(options);
  const { after = null, limit = limits.sessionsPage } = options;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.sessionsPage)
    throw badArgument(`limit: expected 1 to ${limits.sessionsPage}`);
  if (after !== null && (typeof after !== "string" || !idShape.test(after)))
    throw badArgument("after: expected the id of a session");
  return { type: "sessions", after, limit };
}
