import type { Member } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import type { LogLevel } from "@flotilla/runtime/real";
import { parseDuration } from "./duration.ts";
import type { FileValues } from "./file.ts";
import { readAddresses, readBoolean, readCount, readMembers, readText, refuse } from "./readers.ts";
import type { Reader } from "./readers.ts";

/** Every setting of `serve`, by its name in files; the flag is `--data-dir`, the variable `FLOTILLA_DATA_DIR`. */
export const serveSettingNames = [
  "id",
  "dataDir",
  "listen",
  "bootstrap",
  "join",
  "learner",
  "advertise",
  "adminListen",
  "cluster",
  "secret",
  "secretFile",
  "insecure",
  "superDigest",
  "heartbeat",
  "electionTimeout",
  "sessionTtl",
  "snapshotEntries",
  "historyEvents",
  "historyBytes",
  "historyAge",
  "logLevel",
  "trace",
] as const;
export type ServeSettingName = (typeof serveSettingNames)[number];

/** What `serve` runs with. */
export interface ServeSettings {
  readonly id: string;
  readonly dataDir: string;
  /** Default `127.0.0.1:7400`. */
  readonly listen: string;
  readonly bootstrap: readonly Member[] | undefined;
  readonly join: readonly string[] | undefined;
  /** Default false. */
  readonly learner: boolean;
  readonly advertise: string | undefined;
  /** Where probes and scrapers are answered over HTTP, `host:port`; nowhere by default. */
  readonly adminListen: string | undefined;
  /** Default `flotilla`. */
  readonly cluster: string;
  readonly secret: string | undefined;
  /** Read when there is no `secret`. */
  readonly secretFile: string | undefined;
  /** Default false. */
  readonly insecure: boolean;
  /** Who may do everything, `user:base64(SHA-1(user:password))`; nobody by default. */
  readonly superDigest: string | undefined;
  readonly heartbeatMs: number | undefined;
  readonly electionTimeoutMs: number | undefined;
  readonly sessionTtlMs: number | undefined;
  readonly snapshotEntries: number | undefined;
  readonly historyEvents: number | undefined;
  readonly historyBytes: number | undefined;
  readonly historyAgeMs: number | undefined;
  /** Default `warn`. */
  readonly logLevel: LogLevel;
  /** File that gets a line of JSON for each transition of the consensus; none by default. */
  readonly trace: string | undefined;
}

/** Where settings come from; earlier ones win. */
export interface SettingSources {
  /** From the command line, by name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: FileValues;
  /** The file's name, for errors. */
  readonly filePath: string;
}

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

const readLogLevel: Reader<LogLevel> = (value, where) =>
  logLevels.find((level) => level === value) ?? refuse(where, logLevels.join(", "));

/** `dataDir` → `data-dir`. */
export function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `dataDir` → `FLOTILLA_DATA_DIR`. */
export function variableOf(name: string): string {
  return `FLOTILLA_${flagOf(name).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Flag before variable before file before default.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming the place
 */
export function loadServeSettings(sources: SettingSources): ServeSettings {
  const { file, filePath } = sources;
  const unknown = Object.keys(file).find((key) => !serveSettingNames.some((name) => name === key));
  if (unknown !== undefined) throw unknownSetting(unknown, filePath);
  const setting = <T>(name: ServeSettingName, reader: Reader<T>): T | undefined => {
    for (const [value, where] of placesOf(sources, name)) {
      if (value !== undefined && value !== "") return reader(value, where);
    }
    return undefined;
  };
  const required = (name: ServeSettingName): string => setting(name, readText) ?? missing(name);
  return {
    id: required("id"),
    dataDir: required("dataDir"),
    listen: setting("listen", readText) ?? "127.0.0.1:7400",
    bootstrap: setting("bootstrap", readMembers),
    join: setting("join", readAddresses),
    learner: setting("learner", readBoolean) ?? false,
    advertise: setting("advertise", readText),
    adminListen: setting("adminListen", readText),
    cluster: setting("cluster", readText) ?? "flotilla",
    ...secretOf(sources),
    insecure: setting("insecure", readBoolean) ?? false,
    superDigest: setting("superDigest", readText),
    heartbeatMs: setting("heartbeat", parseDuration),
    electionTimeoutMs: setting("electionTimeout", parseDuration),
    sessionTtlMs: setting("sessionTtl", parseDuration),
    snapshotEntries: setting("snapshotEntries", readCount),
    historyEvents: setting("historyEvents", readCount),
    historyBytes: setting("historyBytes", readCount),
    historyAgeMs: setting("historyAge", parseDuration),
    logLevel: setting("logLevel", readLogLevel) ?? "warn",
    trace: setting("trace", readText),
  };
}

function placesOf(
  { flags, env, file, filePath }: SettingSources,
  name: ServeSettingName,
): [unknown, string][] {
  // A secret on the command line would show in the list of processes.
  const flag = name === "secret" ? undefined : flags[name];
  return [
    [flag, `--${flagOf(name)}`],
    [env[variableOf(name)], variableOf(name)],
    [file[name], `${filePath}: ${name}`],
  ];
}

/** Where among its places a setting may be a variable of the environment. */
const environment = 1;

/** Of a secret and the name of a secret file, the one from the stronger source counts. */
function secretOf(sources: SettingSources): Pick<ServeSettings, "secret" | "secretFile"> {
  const secrets = placesOf(sources, "secret");
  const files = placesOf(sources, "secretFile");
  for (const [level, [secret, where]] of secrets.entries()) {
    const [path, pathWhere] = files[level] ?? [undefined, ""];
    // An empty variable is none, as everywhere; who writes an empty one anywhere else meant to give one.
    if (level !== environment && (secret === "" || path === ""))
      throw emptySecret(secret === "" ? where : pathWhere);
    if (secret !== undefined && secret !== "")
      return { secret: readText(secret, where), secretFile: undefined };
    if (path !== undefined && path !== "")
      return { secret: undefined, secretFile: readText(path, pathWhere) };
  }
  return { secret: undefined, secretFile: undefined };
}

function emptySecret(where: string): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_BAD_CONFIG",
    `${where}: empty; leave it out to run without a secret`,
  );
}

function missing(name: ServeSettingName): never {
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_CONFIG",
    `no ${name}: give --${flagOf(name)}, ${variableOf(name)}, or ${name} in a file (-c)`,
  );
}

function unknownSetting(key: string, filePath: string): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_BAD_CONFIG",
    `${filePath}: unknown setting ${JSON.stringify(key)}; there are ${serveSettingNames.join(", ")}`,
  );
}
