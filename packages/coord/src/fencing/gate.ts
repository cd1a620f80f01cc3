import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import { checkedEpoch, fenced, type Token } from "./token.ts";

/** Of the header that carries an epoch; names of headers know no case. */
export const epochHeader: string = "flotilla-epoch";

/** The header for requests of a holder. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function epochHeaders(token: Token): Readonly<Record<string, string>> {
  return { [epochHeader]: String(checkedEpoch(token)) };
}

/**
 * The epoch that a request came with; null for a request without one.
 * @param headers as `fetch` has them, or as `node:http` does: by names in lower case
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a header that is no epoch
 */
export function readEpoch(
  headers: Pick<Headers, "get"> | Readonly<Record<string, string | readonly string[] | undefined>>,
): number | null {
  if (!isObject(headers)) throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "headers: expected some");
  const given = isHeaders(headers) ? headers.get(epochHeader) : headers[epochHeader];
  if (given === null || given === undefined) return null;
  if (typeof given === "string" && /^[1-9]\d{0,15}$/.test(given))
    return checkedEpoch({ epoch: Number(given) });
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `${epochHeader}: expected an integer above 0`);
}

function isHeaders(headers: object): headers is Pick<Headers, "get"> {
  return "get" in headers && typeof headers.get === "function";
}

/**
 * Stands before one resource and lets nobody through who comes after a later holder. It knows no more than what came
 * through: keep `highest` with the resource when the resource outlives the process.
 */
export class EpochGate {
  #highest: number;

  /**
   * @param highest what was kept. Default 0
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for what is no integer from 0
   */
  constructor(highest: number = 0) {
    if (!Number.isSafeInteger(highest) || highest < 0) {
      const message = `highest: expected an integer from 0, got ${String(highest)}`;
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
    }
    this.#highest = highest;
  }

  /** The latest that was let through. */
  get highest(): number {
    return this.#highest;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_FENCED`, `ERR_FLOTILLA_BAD_ARGUMENT` */
  pass(token: Token): void {
    const epoch = checkedEpoch(token);
    if (epoch < this.#highest) throw fenced("the resource", epoch);
    this.#highest = epoch;
  }
}
