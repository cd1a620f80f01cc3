import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";

/** What a call is refused with whose arguments are none. */
export function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** Options that may not be left out, as they are. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireObject<T>(options: T): T {
  if (!isObject(options)) throw badArgument("options: expected an object");
  return options;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireFunction(fn: unknown): void {
  if (typeof fn !== "function") throw badArgument("expected a function that does the work");
}
