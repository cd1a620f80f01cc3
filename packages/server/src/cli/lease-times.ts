import type { Admin, LeaseId } from "@flotilla/coord/client";
import type { ClientFlags } from "./client.ts";
import { adminOf } from "./admin.ts";
import type { Context } from "./context.ts";

/** How long leases last, ms by id. */
export type LeaseTimes = ReadonlyMap<LeaseId, number>;

/**
 * How long every lease lasts unless it is renewed, as the leader has it.
 * @throws FlotillaError as every question to the leader
 */
export async function leaseTimes(context: Context, flags: ClientFlags): Promise<LeaseTimes> {
  const operator: Admin = await adminOf(context, flags);
  const found = new Map<LeaseId, number>();
  let after: LeaseId | null = null;
  do {
    const page = await operator.leaseTimes(after);
    for (const { id, remainingMs } of page.times) found.set(id, remainingMs);
    after = page.next;
  } while (after !== null);
  return found;
}

/** For people. */
export function remaining(times: LeaseTimes, id: LeaseId): string {
  const ms = times.get(id);
  return ms === undefined ? "-" : `${ms} ms`;
}
