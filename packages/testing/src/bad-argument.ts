import { FlotillaError } from "@flotilla/runtime";
import type { Within } from "./api.ts";

export function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** Anything else would make virtual time what is none. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireDuration(what: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms >= 0)) throw badArgument(`${what}: expected milliseconds, 0 or more`);
}

/** Before anything is begun that is then to be waited for. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireWithin({ withinMs = 0 }: Within = {}): void {
  requireDuration("withinMs", withinMs);
}
