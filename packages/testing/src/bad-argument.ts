import { FlotillaError, unknownOption } from "@flotilla/runtime";
import type { Within } from "./api.ts";

export function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** A slip of the pen would count as an option left out. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireNames(options: object, ...known: readonly string[]): void {
  const unknown = unknownOption(options, new Set(known));
  if (unknown !== null)
    throw badArgument(`${unknown.name}: expected an option that there is, such as ${unknown.nearest}`);
}

/** Anything else would make virtual time what is none. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireDuration(what: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms >= 0)) throw badArgument(`${what}: expected milliseconds, 0 or more`);
}

/** Before anything is begun that is then to be waited for. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireWithin(options: Within = {}): void {
  requireNames(options, "withinMs");
  const { withinMs = 0 } = options;
  requireDuration("withinMs", withinMs);
}
