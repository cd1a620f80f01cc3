import { FlotillaError } from "@flotilla/runtime";
import { isRecord } from "../record.ts";
import type { Instance, InstanceFilter, InstanceState } from "./api.ts";

/** All that there are. */
export const allStates: readonly InstanceState[] = [
  "passing",
  "warning",
  "critical",
  "draining",
  "maintenance",
];

/** In which an instance can be picked. */
export const usable: readonly InstanceState[] = ["passing", "warning"];

/**
 * Whether an instance is one of those looked for.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function matcher({
  tags = [],
  zone,
  meta = {},
  states = usable,
}: InstanceFilter): (instance: Instance) => boolean {
  if (!Array.isArray(tags) || !Array.isArray(states) || !isRecord(meta))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "expected tags and states as lists, meta by name");
  if (!states.every((state) => allStates.includes(state)))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `states: expected any of ${allStates.join(", ")}`);
  if (zone !== undefined && typeof zone !== "string")
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "zone: expected a text");
  const described = Object.entries(meta);
  return (instance) =>
    states.includes(instance.state) &&
    (zone === undefined || instance.zone === zone) &&
    tags.every((tag) => instance.tags.includes(tag)) &&
    described.every(([key, value]) => Object.hasOwn(instance.meta, key) && instance.meta[key] === value);
}
