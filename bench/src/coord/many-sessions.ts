import type { Coord } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import type { SessionsJob } from "./requests.ts";

/** Sessions opened and leases granted at the same time: more would wait for their turn in the log, and lapse. */
const atOnce = { sessions: 100, leases: 2_000 } as const;

/** Opens every session and grants every lease; they live as long as the process. */
export async function openSessions({ ports, sessions, leases, ttlMs }: SessionsJob): Promise<object> {
  const open: Coord[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < sessions) {
      const port = ports[next % ports.length] ?? 0;
      next += 1;
      const coord = await connect({ endpoints: [`127.0.0.1:${port}`], sessionTtlMs: ttlMs });
      open.push(coord);
      await Promise.all(Array.from({ length: leases }, () => coord.session.grant(ttlMs)));
    }
  };
  const lanes = Math.min(atOnce.sessions, Math.ceil(atOnce.leases / Math.max(1, leases)));
  await Promise.all(Array.from({ length: lanes }, lane));
  return { open: open.length };
}
