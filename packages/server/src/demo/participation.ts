import type { Coord, Leadership, Registration } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";

/** The name of the election and of the service. */
export const electionName = "search";
export const workersName = "workers";

/** What a process does in either role. */
export interface Part {
  readonly id: string;
  /** Where this process serves HTTP. */
  readonly address: string;
  readonly onRegistered: (registered: boolean) => void;
  /** Leads until the promise settles; `workers` is kept up to date meanwhile. */
  readonly lead: (leadership: Leadership, workers: () => readonly string[]) => Promise<void>;
}

/**
 * Campaigns, and works while another leads; leads when elected, and works again when it lost.
 * Ends when `signal` fires (resolves) or the session is lost (rejects).
 */
export async function participate(coord: Coord, part: Part, signal: AbortSignal): Promise<void> {
  const { id, address } = part;
  const register = async (): Promise<Registration> => {
    const registration = await coord.registry.register(
      { name: workersName, address, meta: { member: id } },
      { signal, timeoutMs: Number.POSITIVE_INFINITY },
    );
    part.onRegistered(true);
    return registration;
  };
  let registration = await register();
  const election = coord.election(electionName, { id, value: address });
  await election.run(
    async (leadership) => {
      await registration.deregister();
      part.onRegistered(false);
      await leadWithWorkers(coord, part, leadership);
      if (!signal.aborted && !coord.session.signal.aborted) registration = await register();
    },
    { signal },
  );
}

async function leadWithWorkers(coord: Coord, part: Part, leadership: Leadership): Promise<void> {
  let workers: readonly string[] = [];
  const watching = (async () => {
    for await (const { instances } of coord.registry.watch(workersName, { signal: leadership.signal })) {
      workers = instances.map((instance) => instance.address).filter((address) => address !== part.address);
    }
  })().catch((error: unknown) => {
    // The session may end first; losing it ends the leadership as well.
    if (!FlotillaError.is(error)) throw error;
  });
  await part.lead(leadership, () => workers);
  await watching;
}
