import { FlotillaError } from "@flotilla/runtime";
import type { CheckItem, Fence } from "../client/api.ts";
import { isObject } from "../given.ts";

/**
 * What makes a `multi` take effect only while a grant stands; none without one.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function fenceChecks(fence: Fence | undefined): readonly CheckItem[] {
  if (fence === undefined) return [];
  // Without its mzxid it would only ask that somebody holds it.
  if (!isObject(fence) || typeof fence.mzxid !== "number")
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "fence: expected the path and mzxid of a grant");
  return [{ type: "check", path: fence.path, mzxid: fence.mzxid }];
}
