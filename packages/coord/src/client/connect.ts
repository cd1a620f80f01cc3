import type { ClientHost } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import type { Coord } from "../server/api.ts";
import { coordOver } from "./coord.ts";
import { NetworkDialer } from "./dialer.ts";
import { badArgument, leaseTimes, openSession } from "./open-session.ts";
import type { ConnectOptions } from "./options.ts";

const defaultCluster = "flotilla";
/** As the handshake bounds it. */
const maxClusterBytes = 256;
const maxDialMs = 5_000;
const minDialMs = 500;

function hostOf({ host, logger }: ConnectOptions): ClientHost {
  if (host === undefined) return realClientHost(logger === undefined ? {} : { logger });
  return logger === undefined ? host : { ...host, logger };
}

function isClusterName(value: unknown): boolean {
  if (typeof value !== "string" || value === "") return false;
  return new TextEncoder().encode(value).length <= maxClusterBytes;
}

function isSecret(value: unknown): boolean {
  return (typeof value === "string" || value instanceof Uint8Array) && value.length > 0;
}

/** A caller without types may hand over anything. */
function checked(options: ConnectOptions): ConnectOptions {
  if (typeof options !== "object" || options === null) throw badArgument("options: expected an object");
  const { endpoints, cluster, secret } = options;
  if (!Array.isArray(endpoints) || !endpoints.every((endpoint) => typeof endpoint === "string")) {
    throw badArgument("endpoints: expected a list of host:port");
  }
  if (cluster !== undefined && !isClusterName(cluster))
    throw badArgument(`cluster: expected a name of 1 to ${maxClusterBytes} bytes`);
  if (secret !== undefined && !isSecret(secret))
    throw badArgument("secret: expected a text or bytes, not empty");
  return options;
}

/**
 * Connects to a cluster as a thin client: opens a session at one of the endpoints, and keeps it over any
 * number of servers. Needs no native code.
 * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` or `ERR_FLOTILLA_NO_QUORUM` after `connectTimeoutMs`;
 * `ERR_FLOTILLA_WRONG_CLUSTER` or `ERR_FLOTILLA_WRONG_SECRET` once all endpoints were tried;
 * `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_ABORTED`
 */
export async function connect(options: ConnectOptions): Promise<Coord> {
  const { endpoints, cluster = defaultCluster, secret, ...rest } = checked(options);
  const host = hostOf(options);
  const { ttlMs } = leaseTimes(options);
  const dialer = new NetworkDialer({
    host,
    endpoints,
    cluster,
    ...(secret === undefined ? {} : { secret }),
    timeoutMs: Math.min(maxDialMs, Math.max(minDialMs, ttlMs / 5)),
  });
  const session = await openSession({ ...rest, host, dialer });
  return coordOver(session, () => session.close());
}
