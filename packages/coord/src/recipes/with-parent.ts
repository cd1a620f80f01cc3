import { type Clock, FlotillaError } from "@flotilla/runtime";
import type { WriteOptions } from "../client/api.ts";
import { inTurn } from "./bounded.ts";

/**
 * Runs a write, and again once its parent is made when that is what it lacks. The caller's bounds are those of all calls
 * together.
 * @throws FlotillaError what `write` throws, but for `ERR_FLOTILLA_NOT_FOUND`
 */
export async function withParent<O extends WriteOptions, T>(
  clock: Clock,
  options: O,
  makeParent: (options: O) => Promise<void>,
  write: (options: O) => Promise<T>,
): Promise<T> {
  const left = inTurn(clock, options);
  for (;;) {
    try {
      return await write({ ...options, ...left() });
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
    await makeParent({ ...options, ...left() });
  }
}
