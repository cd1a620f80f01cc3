import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";

/**
 * Checks a name that becomes one path segment.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function segment(name: string, what: string): string {
  if (
    typeof name !== "string" ||
    name.length === 0 ||
    name.length > 255 ||
    name.includes("/") ||
    name === "." ||
    name === ".."
  ) {
    throw new FlotillaError(
      "ERR_FLOTILLA_BAD_ARGUMENT",
      `Expected \`${what}\` to be one path segment of 1 to 255 characters, got ${JSON.stringify(name)}`,
    );
  }
  return name;
}

const counters = new WeakMap<Session, number>();

/** A name no other waiter or registration has: the session's random id and a counter within it. */
export function uniqueName(session: Session): string {
  const next = (counters.get(session) ?? 0) + 1;
  counters.set(session, next);
  return `${session.id}-${next}`;
}

/** Makes a persistent node and its parents when they are absent. */
export async function ensurePath(
  session: Session,
  path: string,
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
): Promise<void> {
  const segments = path.split("/").slice(1);
  for (let depth = 1; depth <= segments.length; depth++) {
    try {
      await session.create(`/${segments.slice(0, depth).join("/")}`, "", options);
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) throw error;
    }
  }
}
