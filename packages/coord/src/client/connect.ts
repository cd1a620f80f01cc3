import { validatePath } from "@flotilla/kv";
import type { Coord } from "../server/api.ts";
import type { Session } from "./api.ts";
import { closeInOrder, coordOver, openNamespace } from "./coord.ts";
import { leaseTimes, openSession } from "./open-session.ts";
import type { ConnectOptions } from "./options.ts";
import { reachOf, requireConnectOptions } from "./reach.ts";

const maxDialMs = 5_000;
const minDialMs = 500;

/**
 * Connects to a cluster as a thin client: opens a session at one of the endpoints, and keeps it over any
 * number of servers. Needs no native code.
 * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` or `ERR_FLOTILLA_NO_QUORUM` after `connectTimeoutMs`;
 * `ERR_FLOTILLA_WRONG_CLUSTER` or `ERR_FLOTILLA_WRONG_SECRET` once all endpoints were tried;
 * `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_ABORTED`
 */
export async function connect(options: ConnectOptions): Promise<Coord> {
  requireConnectOptions(options);
  const { ttlMs } = leaseTimes(options);
  const { host, dialer } = reachOf(options, Math.min(maxDialMs, Math.max(minDialMs, ttlMs / 5)));
  const { endpoints: _endpoints, cluster: _cluster, secret: _secret, namespace = "/", ...rest } = options;
  validatePath(namespace);
  const session = await openSession({ ...rest, host, dialer });
  return coordOver(await within(session, namespace, options), host, () => closeInOrder(session));
}

/** Closes the session when its namespace cannot be had. */
async function within(session: Session, path: string, { signal }: ConnectOptions): Promise<Session> {
  if (path === "/") return session;
  try {
    return await openNamespace(session, path, signal === undefined ? {} : { signal });
  } catch (error) {
    await session.close();
    throw error;
  }
}
