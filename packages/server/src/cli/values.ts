import { readFile } from "node:fs/promises";
import type { Fence, Node, Stat } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Option } from "commander";
import { parseDuration } from "../config/duration.ts";

const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A value as JSON can hold it: text, or base64 when it is not UTF-8. */
export function jsonValue(value: Uint8Array): {
  readonly value: string;
  readonly encoding: "utf8" | "base64";
} {
  try {
    return { value: fromUtf8.decode(value), encoding: "utf8" };
  } catch {
    return { value: Buffer.from(value).toString("base64"), encoding: "base64" };
  }
}

/** A node for programs. */
export function jsonNode(path: string, { value, stat }: Node): Record<string, unknown> {
  return { path, ...jsonValue(value), stat };
}

/** Where the bytes to write come from. */
export interface ValueSource {
  readonly value: string | undefined;
  /** A file to read instead; `-` is standard input. */
  readonly file: string | undefined;
}

/**
 * The bytes to write.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export async function readValue({ value, file }: ValueSource): Promise<Uint8Array> {
  if (value !== undefined && file !== undefined) throw argument("give a value or --file, not both");
  if (file === undefined) {
    if (value === undefined)
      throw argument("no value: give it as an argument, or --file FILE, or --file - for standard input");
    return new TextEncoder().encode(value);
  }
  try {
    return file === "-" ? await readAll(process.stdin) : await readFile(file);
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `cannot read ${file}`, { cause });
  }
}

/** All that comes, to its end. */
export async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

function argument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** Nothing at the path. */
export function notFound(path: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `nothing at ${path}`);
}

/**
 * A version, a revision or a number of things given on the command line.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` naming the option
 */
export function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw argument(`${option}: expected a whole number, got ${JSON.stringify(text.slice(0, 40))}`);
}

/** Of a write that may depend on what its caller holds. */
export interface FenceFlag {
  readonly fence?: string;
}

/** As `lock`, `semaphore` and `elect` give it to their command. */
export function fenceOption(): Option {
  return new Option("--fence <fence>", "only while it is held: $FLOTILLA_FENCE of lock, semaphore or elect");
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function fenceOf({ fence }: FenceFlag): { readonly fence?: Fence } {
  if (fence === undefined) return {};
  const [, mzxid, path] = /^(\d{1,15}):(\/.+)$/.exec(fence) ?? [];
  if (mzxid === undefined || path === undefined)
    throw argument("--fence: expected a revision and a path, as in 42:/lock/deploy/line/w");
  return { fence: { path, mzxid: Number(mzxid) } };
}

/** Of a command that can also look at the past. */
export interface RevisionFlag {
  readonly revision?: string;
}

/** What `--revision` says, for help. */
export const revisionOption = ["--revision <n>", "as it was after this revision"] as const;

/**
 * The options of a read.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function asOf({ revision }: RevisionFlag): { readonly revision?: number } {
  return revision === undefined ? {} : { revision: parseCount(revision, "--revision") };
}

/**
 * The time to live of a node given on the command line, ms.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function parseTtl(text: string): number {
  try {
    return parseDuration(text, "--ttl");
  } catch (cause) {
    throw argument(cause instanceof Error ? cause.message : "--ttl: expected a duration");
  }
}

/** What kind of node it is, in one word. */
export function kindOf({ ephemeralOwner, container, ttlMs }: Stat): string {
  if (ephemeralOwner !== null) return "ephemeral";
  if (container) return "container";
  return ttlMs === null ? "persistent" : "ttl";
}

/** A stat for people, one field a row. */
export function statRows(stat: Stat): [string, string][] {
  return [
    ["version", String(stat.version)],
    ["bytes", String(stat.dataLength)],
    ["children", String(stat.numChildren)],
    ["created", `${new Date(stat.ctimeMs).toISOString()}  revision ${stat.czxid}`],
    ["modified", `${new Date(stat.mtimeMs).toISOString()}  revision ${stat.mzxid}`],
    ["children changed", `revision ${stat.pzxid}, ${stat.cversion} times`],
    ["kind", stat.ttlMs === null ? kindOf(stat) : `ttl ${stat.ttlMs} ms`],
    ["ephemeral owner", stat.ephemeralOwner ?? "-"],
  ];
}

/** A wall time for people. */
export function since(ms: number): string {
  return new Date(ms).toISOString();
}
