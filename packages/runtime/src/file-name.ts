import { FlotillaError } from "./errors.ts";

const segment = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Checks a relative file name: `/`-separated parts of letters, digits, `.`, `_` and `-`, none of them
 * empty, longer than 128 or beginning with a dot or a dash.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function checkFileName(name: string): string {
  for (const part of name.split("/")) {
    if (!segment.test(part)) {
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_ARGUMENT",
        `not a file name to use here: ${JSON.stringify(name.slice(0, 200))}`,
      );
    }
  }
  return name;
}
