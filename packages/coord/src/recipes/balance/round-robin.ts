import type { Picker } from "./api.ts";

/** One after the other: whoever comes after the last one picked, by id, so that comings and goings skip nobody. */
export function roundRobin(): Picker {
  let last = "";
  return (candidates) => {
    const next = candidates.find(({ instance }) => instance.id > last) ?? candidates[0];
    last = next.instance.id;
    return next;
  };
}
