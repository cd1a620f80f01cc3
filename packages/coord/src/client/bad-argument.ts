import { FlotillaError } from "@flotilla/runtime";

/** What a call is refused with whose arguments are none. */
export function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
