import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";

/** Whoever writes: a `Held`, or what is left of one on the other side of a wire. */
export interface Token {
  readonly epoch: number;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function checkedEpoch(token: Token): number {
  const epoch = isObject(token) ? token.epoch : token;
  if (Number.isSafeInteger(epoch) && epoch > 0) return epoch;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `epoch: expected an integer above 0, got ${String(epoch)}`,
  );
}

/** A later holder wrote before. */
export function fenced(what: string, epoch: number): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_FENCED",
    `${what} was written by a later holder than epoch ${epoch}`,
    {
      details: { epoch },
    },
  );
}
