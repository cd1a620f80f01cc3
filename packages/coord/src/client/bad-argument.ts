import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import { unknownOption } from "../option-names.ts";

/** What a call is refused with whose arguments are none. */
export function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** Options that may not be left out, as they are. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireObject<T>(options: T): T {
  if (!isObject(options)) throw badArgument("options: expected an object");
  requireNames(options);
  return options;
}

/**
 * Refuses options that nobody reads.
 * @param known default: the options of calls and recipes
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireNames(options: object, known?: ReadonlySet<string>): void {
  // It has no names of its own, and would pass for options without a signal.
  if (options instanceof AbortSignal)
    throw badArgument("options: expected { signal }, not the signal itself");
  const unknown = unknownOption(options, known);
  if (unknown !== null)
    throw badArgument(`${unknown.name}: expected an option that there is, such as ${unknown.nearest}`);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireFunction(fn: unknown): void {
  if (typeof fn !== "function") throw badArgument("expected a function that does the work");
}
