import { FlotillaError } from "../errors.ts";
import type { Prober } from "../prober.ts";

function silent(what: string): Promise<never> {
  return Promise.reject(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `${what} does not answer`));
}

/** A world without other programs. */
export const simProber: Prober = { http: silent, tcp: silent };
