import { FlotillaError } from "@flotilla/runtime";
import type { Session, WatchEvent } from "../client/api.ts";
import { follow } from "./follow.ts";

/**
 * Takes what is at and below a path, as of some moment after the call, and every change after it, until `take` makes
 * something of one.
 * @throws FlotillaError the reason of the signal; `ERR_FLOTILLA_CLOSED`, `ERR_FLOTILLA_SESSION_EXPIRED`; what `take` throws
 */
export async function attend<T>(
  session: Session,
  path: string,
  signal: AbortSignal,
  take: (event: WatchEvent) => Promise<T | null> | T | null,
): Promise<T> {
  for await (const event of follow(session, { path, kind: "recursive", signal })) {
    const made = await take(event);
    if (made !== null) return made;
  }
  signal.throwIfAborted();
  throw new FlotillaError("ERR_FLOTILLA_CLOSED", `the session was closed while ${path} was watched`);
}
