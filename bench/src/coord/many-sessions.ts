import type { Coord } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import type { SessionsJob } from "./requests.ts";

/** Opened at the same time: more would wait for their turn in the log anyway. */
const atOnce = 100;

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
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { open: open.length };
}
