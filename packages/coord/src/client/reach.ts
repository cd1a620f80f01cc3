import type { ClientHost } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import type { NetworkDialerOptions } from "./dialer.ts";
import { NetworkDialer } from "./dialer.ts";
import { isLogger, isObject } from "../given.ts";
import { requireEndpoints } from "./endpoints.ts";
import { badArgument, requireNames } from "./bad-argument.ts";
import { sessionOptions } from "./open-session.ts";
import type { ConnectOptions } from "./options.ts";

const defaultCluster = "flotilla";
/** As the handshake bounds it. */
const maxClusterBytes = 256;

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

const all: Readonly<Record<keyof ConnectOptions, true>> = {
  ...sessionOptions,
  endpoints: true,
  cluster: true,
  secret: true,
  namespace: true,
  logger: true,
  connectTimeoutMs: true,
  signal: true,
  host: true,
};
const names: ReadonlySet<string> = new Set(Object.keys(all));

/**
 * A caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireConnectOptions(options: ConnectOptions): void {
  if (!isObject(options)) throw badArgument("options: expected an object");
  requireNames(options, names);
}

function checked(options: ConnectOptions): ConnectOptions {
  requireConnectOptions(options);
  const { endpoints, cluster, secret, logger, connectTimeoutMs = 1 } = options;
  requireEndpoints(endpoints);
  if (logger !== undefined && !isLogger(logger))
    throw badArgument("logger: expected an object with debug, info, warn and error");
  if (typeof connectTimeoutMs !== "number" || !(connectTimeoutMs > 0))
    throw badArgument("connectTimeoutMs: expected a number above 0");
  if (cluster !== undefined && !isClusterName(cluster))
    throw badArgument(`cluster: expected a name of 1 to ${maxClusterBytes} bytes`);
  if (secret !== undefined && !isSecret(secret))
    throw badArgument("secret: expected a text or bytes, not empty");
  return options;
}

/** How to reach the servers that some options name. */
export interface Reach {
  readonly host: ClientHost;
  readonly dialer: NetworkDialer;
}

/**
 * Checks what says where to connect to, and as whom.
 * @param dialMs longest connection and longest handshake
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function reachOf(options: ConnectOptions, dialMs: number): Reach {
  const target = dialOptionsOf(options, dialMs);
  return { host: target.host, dialer: new NetworkDialer(target) };
}

/**
 * What `reachOf` checks and fills in, for whoever dials by another way.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function dialOptionsOf(options: ConnectOptions, dialMs: number): NetworkDialerOptions {
  const { endpoints, cluster = defaultCluster, secret } = checked(options);
  // A copy: it is needed for every connection, whatever its owner does with the bytes.
  const known =
    secret === undefined ? {} : { secret: typeof secret === "string" ? secret : new Uint8Array(secret) };
  return { host: hostOf(options), endpoints, cluster, ...known, timeoutMs: dialMs };
}
