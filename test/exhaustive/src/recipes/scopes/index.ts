import type { Scope } from "../scope.ts";
import { barriers } from "./barriers.ts";
import { counts } from "./counts.ts";
import { elections } from "./elections.ts";
import { jobs } from "./jobs.ts";
import { locks } from "./locks.ts";
import { queues } from "./queues.ts";
import { services } from "./services.ts";
import { shardings } from "./shards.ts";
import { watches } from "./watches.ts";

export const scopes: readonly Scope[] = [
  ...locks,
  ...elections,
  ...barriers,
  ...queues,
  ...counts,
  ...shardings,
  ...watches,
  ...services,
  ...jobs,
];

/** @throws RangeError when there is none of that name */
export function scopeOf(name: string): Scope {
  const found = scopes.find((scope) => scope.name === name);
  if (found === undefined) throw new RangeError(`no scope is called ${name}`);
  return found;
}
