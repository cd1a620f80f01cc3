import { limits } from "@flotilla/kv";
import type { HistoryLimits } from "@flotilla/kv";
import type { Logger } from "@flotilla/runtime";
import { FlotillaError, isUnspecified, parseAddress } from "@flotilla/runtime";
import type { Member, StartOptions } from "./api.ts";
import { credentials, sessionOptions } from "../client/open-session.ts";
import { isLogger, isObject } from "../given.ts";
import { unknownOption } from "../option-names.ts";
import { wireBounds } from "../wire/bounds.ts";

/** `StartOptions` checked, with defaults. */
export interface LoadedStartOptions {
  readonly id: string;
  readonly dataDir: string;
  readonly listen: string;
  readonly bootstrap: readonly Member[] | undefined;
  /** Members to ask; empty: wait to be added. */
  readonly join: readonly string[] | undefined;
  readonly learner: boolean;
  readonly advertise: string | undefined;
  readonly cluster: string;
  readonly secret: Uint8Array | undefined;
  readonly superDigest: string | undefined;
  /** Of the member's own sessions. */
  readonly auth: StartOptions["auth"];
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotEntries: number;
  readonly trailingEntries: number;
  readonly history: HistoryLimits;
  readonly sessionTtlMs: number;
  readonly maxStallMs: number;
  readonly timeoutMs: number;
  readonly logger: Logger | undefined;
  readonly trace: StartOptions["trace"];
}

const all: Readonly<Record<keyof StartOptions, true>> = {
  ...sessionOptions,
  id: true,
  dataDir: true,
  listen: true,
  bootstrap: true,
  join: true,
  learner: true,
  advertise: true,
  cluster: true,
  secret: true,
  insecure: true,
  superDigest: true,
  heartbeatMs: true,
  electionTimeoutMs: true,
  snapshotEntries: true,
  trailingEntries: true,
  historyEvents: true,
  historyBytes: true,
  historyAgeMs: true,
  logger: true,
  trace: true,
  host: true,
};
const names: ReadonlySet<string> = new Set(Object.keys(all));

const idShape = /^[A-Za-z0-9._-]{1,64}$/;
const heartbeatsPerTimeout = 3;
const maxMembers = 31;
/** As the handshake bounds it. */
const maxClusterBytes = 256;

function refuse(option: string, expected: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `${option}: expected ${expected}`, {
    details: { option },
  });
}

function text(value: unknown, option: string): string {
  return typeof value === "string" && value.length > 0 ? value : refuse(option, "a text that is not empty");
}

/** Nothing that a file system refuses or cuts short. */
function directory(value: unknown, option: string): string {
  const found = text(value, option);
  return found.includes("\u0000") ? refuse(option, "a path without NUL") : found;
}

function clusterName(value: unknown): string {
  const found = text(value, "cluster");
  const fits = new TextEncoder().encode(found).length <= maxClusterBytes;
  return fits ? found : refuse("cluster", `at most ${maxClusterBytes} bytes`);
}

function traceOf(value: StartOptions["trace"]): StartOptions["trace"] {
  return value === undefined || typeof value === "function" ? value : refuse("trace", "a function");
}

function loggerOf(value: unknown): Logger | undefined {
  if (value === undefined || isLogger(value)) return value;
  return refuse("logger", "an object with debug, info, warn and error");
}

function id(value: unknown, option: string): string {
  const found = text(value, option);
  return idShape.test(found) ? found : refuse(option, "1 to 64 characters of A-Z a-z 0-9 . _ -");
}

function address(value: unknown, option: string, portRequired: boolean): string {
  const found = text(value, option);
  try {
    if (parseAddress(found).port > 0 || !portRequired) return found;
  } catch {
    // Told below, by the name of the option.
  }
  return refuse(option, portRequired ? "host:port with a port above 0" : "host:port");
}

/** Where others reach a member. */
function reachable(value: unknown, option: string): string {
  const found = address(value, option, true);
  return isEverywhere(found)
    ? refuse(option, `host:port where the others reach it; on ${found} one can only listen`)
    : found;
}

/** True for an address that stands for all those of a machine. */
function isEverywhere(text: string): boolean {
  return isUnspecified(parseAddress(text));
}

function number(value: unknown, option: string, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value) && value >= least && value <= most) return value;
  return refuse(option, `a number from ${least} to ${most}`);
}

function integer(value: unknown, option: string, fallback: number, least: number): number {
  const found = number(value, option, fallback, least, Number.MAX_SAFE_INTEGER);
  return Number.isInteger(found) ? found : refuse(option, "a whole number");
}

/** True for an address that only this machine reaches. */
function isLoopback(listen: string): boolean {
  const { host } = parseAddress(listen);
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function secretOf(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  // A copy: the `slice` of a Buffer is none.
  return bytes instanceof Uint8Array && bytes.length > 0
    ? new Uint8Array(bytes)
    : refuse("secret", "a text or bytes, not empty");
}

function authOf(options: StartOptions): StartOptions["auth"] {
  try {
    return credentials(options).auth;
  } catch {
    return refuse("auth", `1 to ${wireBounds.credentials} of { user, password }`);
  }
}

function digestOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" && /^[^:]+:[A-Za-z0-9+/]{27}=$/.test(value)
    ? value
    : refuse("superDigest", "user:base64(SHA-1(user:password))");
}

function members(value: unknown, own: string): readonly Member[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > maxMembers) {
    return refuse("bootstrap", `1 to ${maxMembers} members`);
  }
  const items: readonly unknown[] = value;
  const found = items.map((item, position) => member(item, `bootstrap[${position}]`));
  if (new Set(found.map((item) => item.id)).size !== found.length) refuse("bootstrap", "each id once");
  if (new Set(found.map((item) => item.address)).size !== found.length)
    refuse("bootstrap", "each address once");
  if (!found.some((item) => item.id === own))
    refuse("bootstrap", `this member's id ${own} among the founding voters`);
  return found;
}

/** @throws FlotillaError when both say how the member comes into being */
function joined(
  options: StartOptions,
  listen: string,
): Pick<LoadedStartOptions, "join" | "learner" | "advertise"> {
  const { join, learner, advertise } = options;
  if (join !== undefined && options.bootstrap !== undefined) refuse("join", "no bootstrap beside it");
  if (options.bootstrap !== undefined && learner === true) refuse("learner", "no bootstrap beside it");
  const own = options.bootstrap?.find((founder) => founder.id === options.id)?.address;
  if (advertise !== undefined && own !== undefined && advertise !== own)
    refuse("advertise", `${own}, as bootstrap says`);
  if (learner !== undefined && typeof learner !== "boolean") refuse("learner", "true or false");
  const asked = join === undefined ? undefined : endpoints(join, "join");
  // Whoever waits for an operator is given its address by that one.
  if (asked !== undefined && asked.length > 0 && advertise === undefined && isEverywhere(listen))
    refuse("advertise", `host:port where the others reach this member: it joins, and listens on ${listen}`);
  return {
    join: asked,
    learner: learner === true,
    advertise: advertise === undefined ? undefined : reachable(advertise, "advertise"),
  };
}

function endpoints(value: unknown, option: string): readonly string[] {
  if (!Array.isArray(value) || value.length > maxMembers)
    return refuse(option, `at most ${maxMembers} host:port`);
  const items: readonly unknown[] = value;
  return items.map((item, position) => address(item, `${option}[${position}]`, true));
}

function member(value: unknown, option: string): Member {
  if (typeof value !== "object" || value === null) return refuse(option, "an object with id and address");
  const fields: { readonly id?: unknown; readonly address?: unknown } = value;
  return { id: id(fields.id, `${option}.id`), address: reachable(fields.address, `${option}.address`) };
}

/**
 * Checks what a caller, perhaps without types, gave, and fills in the defaults.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming the option
 */
export function loadStartOptions(options: StartOptions): LoadedStartOptions {
  if (!isObject(options)) refuse("options", "an object");
  const unknown = unknownOption(options, names);
  if (unknown !== null) refuse(unknown.name, `an option that there is, such as ${unknown.nearest}`);
  const own = id(options.id, "id");
  const listen = address(options.listen, "listen", false);
  const secret = secretOf(options.secret);
  if (secret === undefined && options.insecure !== true && !isLoopback(listen)) {
    refuse("listen", "a loopback address, or `secret`, or `insecure: true`");
  }
  const heartbeatMs = number(options.heartbeatMs, "heartbeatMs", 100, 1, 60_000);
  const electionTimeoutMs = number(options.electionTimeoutMs, "electionTimeoutMs", 1_000, 3, 600_000);
  if (electionTimeoutMs < heartbeatsPerTimeout * heartbeatMs) {
    refuse("electionTimeoutMs", `at least ${heartbeatsPerTimeout} times heartbeatMs`);
  }
  const sessionTtlMs = number(options.sessionTtlMs, "sessionTtlMs", 10_000, limits.minTtlMs, limits.maxTtlMs);
  if (!Number.isInteger(sessionTtlMs)) refuse("sessionTtlMs", "whole milliseconds");
  return {
    id: own,
    dataDir: directory(options.dataDir, "dataDir"),
    listen,
    bootstrap: members(options.bootstrap, own),
    ...joined(options, listen),
    cluster: clusterName(options.cluster ?? "flotilla"),
    secret,
    superDigest: digestOf(options.superDigest),
    auth: authOf(options),
    heartbeatMs,
    electionTimeoutMs,
    snapshotEntries: integer(options.snapshotEntries, "snapshotEntries", 100_000, 1),
    trailingEntries: integer(options.trailingEntries, "trailingEntries", 10_000, 0),
    history: {
      events: integer(options.historyEvents, "historyEvents", limits.historyEvents, 0),
      bytes: integer(options.historyBytes, "historyBytes", limits.historyBytes, 0),
      ageMs: number(options.historyAgeMs, "historyAgeMs", Infinity, 0, Number.MAX_SAFE_INTEGER),
    },
    sessionTtlMs,
    maxStallMs: number(options.maxStallMs, "maxStallMs", sessionTtlMs / 5, 0, sessionTtlMs / 2),
    timeoutMs: number(options.timeoutMs, "timeoutMs", 15_000, 1, 2 ** 31 - 1),
    logger: loggerOf(options.logger),
    trace: traceOf(options.trace),
  };
}
