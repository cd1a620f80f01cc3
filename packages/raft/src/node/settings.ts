import { FlotillaError, unknownOption } from "@flotilla/runtime";
import { maxPayloadBytes } from "../transport/message-rules.ts";
import { maxChunkBytes } from "../transport/snapshot-codec.ts";
import { Meter } from "./meter.ts";
import { defaultLimits, reservedLimits } from "../core/options.ts";
import type { Limits } from "../core/options.ts";
import type { RaftObserver } from "./observer.ts";
import { Observers } from "./observers.ts";
import { Tracer } from "./trace.ts";
import type { RaftOptions } from "./types.ts";

/** Options with every default filled in. */
export interface Settings extends RaftOptions {
  readonly level: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** Heartbeats in an election timeout, the last one begun counted whole. */
  readonly electionTicks: number;
  readonly snapshotEntries: number;
  readonly snapshotBytes: number;
  readonly snapshotChunkBytes: number;
  readonly trailingEntries: number;
  readonly trailingBytes: number;
  readonly maxProposalBytes: number;
  readonly meter: Meter;
  readonly limits: Limits;
  /** The same with the share that is reserved for what frees something. */
  readonly reservedLimits: Limits;
  /** The meter, and whoever was named. */
  readonly observer: Observers;
}

const mib = 1 << 20;
const leastElectionTicks = 3;
/** Twice as long still fits a timer. */
const longestTimeoutMs = 600_000;
const defaultChunkBytes = 256 << 10;

/** Every option, so that one that nobody reads is refused. */
const all: Readonly<Record<keyof RaftOptions, true>> = {
  host: true,
  id: true,
  cluster: true,
  secret: true,
  bootstrap: true,
  join: true,
  stateMachine: true,
  level: true,
  heartbeatMs: true,
  electionTimeoutMs: true,
  snapshotEntries: true,
  snapshotBytes: true,
  snapshotChunkBytes: true,
  trailingEntries: true,
  trailingBytes: true,
  maxProposalBytes: true,
  limits: true,
  onMessage: true,
  onStatus: true,
  onApplied: true,
  observer: true,
  trace: true,
};
const names: ReadonlySet<string> = new Set(Object.keys(all));
const limitNames: ReadonlySet<string> = new Set(Object.keys(defaultLimits));

function requireNames(options: object, known: ReadonlySet<string>, within: string): void {
  const unknown = unknownOption(options, known);
  if (unknown !== null)
    throw badConfig(`${within}${unknown.name}`, `an option that there is, such as ${unknown.nearest}`);
}

/**
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming the option that is out of range, does not fit another, or is none
 */
export function settle(options: RaftOptions): Settings {
  requireNames(options, names, "");
  const longestHeartbeatMs = longestTimeoutMs / leastElectionTicks;
  const heartbeatMs = within("heartbeatMs", options.heartbeatMs ?? 100, 1, longestHeartbeatMs);
  const electionTimeoutMs = within(
    "electionTimeoutMs",
    options.electionTimeoutMs ?? 1000,
    1,
    longestTimeoutMs,
  );
  if (electionTimeoutMs < leastElectionTicks * heartbeatMs)
    throw badConfig("electionTimeoutMs", `at least ${leastElectionTicks} times heartbeatMs`);
  const maxProposalBytes = options.maxProposalBytes ?? 2 * mib;
  if (options.join === true && options.bootstrap !== undefined)
    throw badConfig("join", "no founding members beside it");
  const meter = new Meter(options.host.clock);
  const limits = settleLimits(options.limits ?? {});
  const snapshotChunkBytes = options.snapshotChunkBytes ?? defaultChunkBytes;
  return {
    ...options,
    level: within("level", options.level ?? 1, 0),
    heartbeatMs,
    electionTimeoutMs,
    electionTicks: Math.ceil(electionTimeoutMs / heartbeatMs),
    snapshotEntries: within("snapshotEntries", options.snapshotEntries ?? 100_000, 1),
    snapshotBytes: within("snapshotBytes", options.snapshotBytes ?? 64 * mib, 1),
    snapshotChunkBytes: within("snapshotChunkBytes", snapshotChunkBytes, 1, maxChunkBytes),
    trailingBytes: within("trailingBytes", options.trailingBytes ?? 256 * mib, 0),
    trailingEntries: within("trailingEntries", options.trailingEntries ?? 10_000, 0),
    maxProposalBytes: within("maxProposalBytes", maxProposalBytes, 1, maxPayloadBytes),
    meter,
    limits,
    reservedLimits: reservedLimits(limits),
    observer: new Observers([meter, ...named(options)]),
  };
}

function named({ host, id, observer, trace }: RaftOptions): readonly RaftObserver[] {
  const tracers = trace === undefined ? [] : [new Tracer(id, host.clock, trace)];
  return observer === undefined ? tracers : [observer, ...tracers];
}

/** Beyond these, what one message or one turn has to say does not fit a frame, or a link. */
const mostOf: ReadonlyMap<string, number> = new Map([
  ["maxBatchBytes", maxPayloadBytes],
  ["inflightBytes", 16 * mib],
  ["maxForwardedBytes", 16 * mib],
]);

function settleLimits(given: Partial<Limits>): Limits {
  requireNames(given, limitNames, "limits.");
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits))
    within(`limits.${name}`, value, name === "cacheBytes" ? 0 : 1, mostOf.get(name));
  return limits;
}

function within(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const bound = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
  throw badConfig(name, `an integer of at least ${least}${bound}`);
}

function badConfig(name: string, expected: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `${name}: expected ${expected}`);
}
