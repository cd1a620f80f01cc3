import type { Balancer, Coord, Leadership } from "@flotilla/coord";

/** Of the election, and of the service that workers are registered for. */
export const teamName = "search";

/** What a process does in either role. */
export interface Part {
  readonly id: string;
  /** Where this process serves HTTP. */
  readonly address: string;
  readonly onRegistered: (registered: boolean) => void;
  /** Leads until the promise settles. */
  readonly lead: (leadership: Leadership, workers: Balancer) => Promise<void>;
}

/**
 * Campaigns, and works while another leads; leads when elected, and works again when it lost.
 * Ends when `signal` fires (resolves) or the session is lost (rejects).
 */
export async function participate(coord: Coord, part: Part, signal: AbortSignal): Promise<void> {
  const { id, address, lead, onRegistered } = part;
  const team = coord.team(teamName, { address, candidate: id, meta: { member: id } });
  await team.run({ lead, onWorking: onRegistered }, { signal });
}
