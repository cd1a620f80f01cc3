import type { Coord } from "@flotilla/coord";
import type { Credential, EndpointSource, Session } from "@flotilla/coord/client";
import { connect } from "@flotilla/coord/client";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { Option } from "commander";
import type { Command } from "commander";
import { parseDuration } from "../config/duration.ts";
import { readEndpoints } from "../config/endpoints.ts";
import { readSecretFile } from "../config/secret.ts";
import type { Context, Environment } from "./context.ts";

const defaultEndpoints = "127.0.0.1:7400";
const defaultTimeout = "5s";
const defaultSessionTtl = "10s";

/** The flags that every client command takes. */
export interface ClientFlags {
  readonly endpoints?: string;
  readonly cluster?: string;
  readonly secretFile?: string;
  readonly authFile?: string;
  readonly timeout?: string;
  readonly json?: true;
  /** Of those that hold something for long. */
  readonly sessionTtl?: string;
}

/** How to reach a cluster. */
export interface ClientSettings {
  readonly endpoints: EndpointSource;
  readonly cluster: string;
  readonly secret?: string;
  /** Who to be to access lists. */
  readonly auth?: readonly Credential[];
  /** Bounds the connect and every call, ms. */
  readonly timeoutMs: number;
  readonly sessionTtlMs: number;
}

/** `--json`: one value, or one a line where there are many. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON; errors too, on standard error");
}

export function addClientOptions(command: Command): Command {
  return command
    .option(
      "--endpoints <list>",
      `members to try, host:port,…, or dns:name:port, srv:name, file:path (default: ${defaultEndpoints})`,
    )
    .option("--cluster <name>", "name of the cluster (default: flotilla)")
    .option("--secret-file <file>", "file with the shared secret")
    .option("--auth-file <file>", "file with user:password, to be known by to access lists")
    .option("--timeout <duration>", `longest wait of a call (default: ${defaultTimeout})`)
    .addOption(jsonOption());
}

/**
 * Flag before variable before default.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`
 */
export async function loadClientSettings(flags: ClientFlags, given: Environment): Promise<ClientSettings> {
  const env = withoutEmpty(given);
  const secret = await clientSecret(flags, env);
  const auth = await clientAuth(flags, env);
  const timeout = flags.timeout ?? env["FLOTILLA_TIMEOUT"] ?? defaultTimeout;
  const endpoints = flags.endpoints ?? env["FLOTILLA_ENDPOINTS"] ?? defaultEndpoints;
  return {
    endpoints: readEndpoints(endpoints, flags.endpoints === undefined ? "FLOTILLA_ENDPOINTS" : "--endpoints"),
    cluster: flags.cluster ?? env["FLOTILLA_CLUSTER"] ?? "flotilla",
    ...(secret === undefined ? {} : { secret }),
    ...(auth === undefined ? {} : { auth: [auth] }),
    timeoutMs: parseDuration(timeout, flags.timeout === undefined ? "FLOTILLA_TIMEOUT" : "--timeout"),
    sessionTtlMs: parseDuration(flags.sessionTtl ?? defaultSessionTtl, "--session-ttl"),
  };
}

/** An empty variable is none. */
function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
}

async function clientSecret(flags: ClientFlags, env: Environment): Promise<string | undefined> {
  if (flags.secretFile !== undefined) return readSecretFile(flags.secretFile);
  const { FLOTILLA_SECRET: secret, FLOTILLA_SECRET_FILE: file } = env;
  if (secret !== undefined) return secret;
  return file === undefined ? undefined : readSecretFile(file);
}

async function clientAuth(flags: ClientFlags, env: Environment): Promise<Credential | undefined> {
  const file = flags.authFile ?? env["FLOTILLA_AUTH_FILE"];
  const isFile = file !== undefined && (flags.authFile !== undefined || env["FLOTILLA_AUTH"] === undefined);
  const text = isFile ? await readSecretFile(file) : env["FLOTILLA_AUTH"];
  if (text === undefined) return undefined;
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1)
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", "FLOTILLA_AUTH, or its file: expected user:password");
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Connects; warnings of the client are not for the one who typed a command. */
async function open(settings: ClientSettings, signal: AbortSignal): Promise<Coord> {
  return connect({ ...settings, connectTimeoutMs: settings.timeoutMs, logger: silentLogger, signal });
}

/** Connects, runs the command, and ends the session in any case. */
export async function withCoord<T>(
  context: Context,
  flags: ClientFlags,
  run: (coord: Coord, settings: ClientSettings) => Promise<T>,
): Promise<T> {
  const settings = await loadClientSettings(flags, context.env);
  const coord = await open(settings, context.stop);
  try {
    return await run(coord, settings);
  } finally {
    await coord.close();
  }
}

/** The same for a command that wants no more than the session. */
export function withSession<T>(
  context: Context,
  flags: ClientFlags,
  run: (session: Session) => Promise<T>,
): Promise<T> {
  return withCoord(context, flags, ({ session }) => run(session));
}
