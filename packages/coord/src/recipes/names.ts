import { isPath } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { wholeSession } from "../client/namespaced-session.ts";
import { inTurn } from "./bounded.ts";
import type { Calls } from "./patient.ts";

const maxLength = 255;

/** True for a text that can be the last segment of a path. */
export function isSegment(name: string): boolean {
  return name.length <= maxLength && !name.includes("/") && isPath(`/${name}`) && name !== "";
}

/**
 * Checks a name that becomes one path segment.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function segment(name: string, what: string): string {
  if (typeof name === "string" && isSegment(name)) return name;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 100)) : typeof name;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `${what}: expected one path segment of 1 to ${maxLength} characters, got ${shown}`,
  );
}

const counters = new WeakMap<Session, number>();

/** A name no other waiter or registration has: the session's random id and a counter within it. */
export function uniqueName(session: Session): string {
  const owner = wholeSession(session);
  const next = (counters.get(owner) ?? 0) + 1;
  counters.set(owner, next);
  return `${session.id}-${next}`;
}

type Creating = Pick<Calls, "clock" | "create">;

/**
 * Makes a persistent node and its parents when they are absent.
 * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when there is no root: of a namespace that was deleted
 */
export function ensurePath(calls: Creating, path: string, options: CallOptions = {}): Promise<void> {
  return ensure(calls, path, options, () => false);
}

/**
 * The same with containers for all but the first segment: what nobody uses any more goes, and a name leaves nothing
 * behind.
 */
export function ensureContainer(calls: Creating, path: string, options: CallOptions = {}): Promise<void> {
  return ensure(calls, path, options, (depth) => depth > 0);
}

async function ensure(
  calls: Creating,
  path: string,
  options: CallOptions,
  isContainer: (depth: number) => boolean,
): Promise<void> {
  const segments = path.split("/").slice(1);
  const paths = segments.map((_, depth) => `/${segments.slice(0, depth + 1).join("/")}`);
  const left = inTurn(calls.clock, options);
  for (;;) {
    const bounds = { ...options, ...left() };
    // All under way at once: they take effect in this order.
    const made = paths.map((each, depth) =>
      calls.create(each, "", { ...bounds, container: isContainer(depth) }),
    );
    await Promise.allSettled(made);
    await made[0]?.catch(ignoreExisting);
    try {
      for (const each of made.slice(1)) await each.catch(ignoreExisting);
      return;
    } catch (error) {
      // Its parent was deleted meanwhile: from the top.
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }
}

function ignoreExisting(error: unknown): void {
  if (!FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) throw error;
}
