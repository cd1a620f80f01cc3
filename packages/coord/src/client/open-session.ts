import { limits } from "@flotilla/kv";
import type { ClientHost } from "@flotilla/runtime";
import { badArgument } from "./bad-argument.ts";
import type { Dialer } from "./dialer.ts";
import { isObject } from "../given.ts";
import { wireBounds } from "../wire/bounds.ts";
import type { Credential } from "../wire/messages.ts";
import type { LeaseTimes } from "./lease-period.ts";
import type { SessionOptions } from "./options.ts";
import { ClientSession } from "./session.ts";

const defaultTtlMs = 10_000;
const defaultTimeoutMs = 15_000;

/** All there are. */
export const sessionOptions: Readonly<Record<keyof SessionOptions, true>> = {
  sessionTtlMs: true,
  maxStallMs: true,
  timeoutMs: true,
  auth: true,
};
export const sessionNames: ReadonlySet<string> = new Set(Object.keys(sessionOptions));

export interface OpenSessionOptions extends SessionOptions {
  readonly host: ClientHost;
  /** How it gets a channel: over the network, or within the process. */
  readonly dialer: Dialer;
  /** Bounds the opening. Default 15,000. */
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The times of a session's lease, checked.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function leaseTimes(options: SessionOptions): LeaseTimes {
  const given: unknown = options;
  if (typeof given !== "object" || given === null) throw badArgument("options: expected an object");
  const ttlMs = options.sessionTtlMs ?? defaultTtlMs;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < limits.minTtlMs || ttlMs > limits.maxTtlMs) {
    throw badArgument(`sessionTtlMs: expected an integer from ${limits.minTtlMs} to ${limits.maxTtlMs}`);
  }
  const maxStallMs = options.maxStallMs ?? ttlMs / 5;
  if (typeof maxStallMs !== "number" || !(maxStallMs >= 0 && maxStallMs <= ttlMs / 2)) {
    throw badArgument("maxStallMs: expected 0 to half of sessionTtlMs");
  }
  return { ttlMs, maxStallMs };
}

/**
 * The names and passwords of a session, checked.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function credentials({ auth }: SessionOptions): Pick<SessionOptions, "auth"> {
  if (auth === undefined) return {};
  const given: readonly Credential[] = Array.isArray(auth) ? auth : [];
  const isGood = given.length > 0 && given.length <= wireBounds.credentials && given.every(isCredential);
  if (!isGood) throw badArgument(`auth: expected 1 to ${wireBounds.credentials} of { user, password }`);
  return { auth: auth.map(({ user, password }) => ({ user, password })) };
}

function isCredential(given: Credential): boolean {
  return isObject(given) && isName(given.user) && !given.user.includes(":") && isName(given.password);
}

function isName(text: unknown): boolean {
  return typeof text === "string" && text !== "" && text.length * 3 <= wireBounds.nameBytes;
}

/**
 * Opens a session. Resolves once a server took it.
 * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_NO_QUORUM`, `ERR_FLOTILLA_WRONG_CLUSTER`,
 * `ERR_FLOTILLA_WRONG_SECRET`, `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_ABORTED`
 */
export async function openSession(options: OpenSessionOptions): Promise<ClientSession> {
  const { host, dialer, signal } = options;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0))
    throw badArgument("timeoutMs: expected a number above 0");
  const session = new ClientSession({
    host,
    dialer,
    times: leaseTimes(options),
    ...credentials(options),
    timeoutMs,
  });
  const connectTimeoutMs = options.connectTimeoutMs ?? defaultTimeoutMs;
  await session.open({ timeoutMs: connectTimeoutMs, ...(signal === undefined ? {} : { signal }) });
  return session;
}
