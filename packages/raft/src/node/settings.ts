import { FlotillaError } from "@flotilla/runtime";
import type { RaftObserver } from "./observer.ts";
import type { RaftOptions } from "./types.ts";

/** Options with every default filled in. */
export interface Settings extends RaftOptions {
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** Heartbeats in an election timeout. */
  readonly electionTicks: number;
  readonly snapshotEntries: number;
  readonly snapshotBytes: number;
  readonly trailingEntries: number;
  readonly maxProposalBytes: number;
  readonly observer: RaftObserver;
}

const mib = 1 << 20;
/** Whatever travels alone must fit one frame of a peer link. Bytes. */
export const largestPayloadBytes: number = 8 * mib;
const leastElectionTicks = 3;

/** @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming the option that is out of range */
export function settle(options: RaftOptions): Settings {
  const heartbeatMs = atLeast("heartbeatMs", options.heartbeatMs ?? 100, 1);
  const electionTimeoutMs = atLeast(
    "electionTimeoutMs",
    options.electionTimeoutMs ?? 1000,
    leastElectionTicks * heartbeatMs,
  );
  const maxProposalBytes = atLeast("maxProposalBytes", options.maxProposalBytes ?? 2 * mib, 1);
  if (maxProposalBytes > largestPayloadBytes)
    throw badConfig("maxProposalBytes", `at most ${largestPayloadBytes}`);
  return {
    ...options,
    heartbeatMs,
    electionTimeoutMs,
    electionTicks: Math.round(electionTimeoutMs / heartbeatMs),
    snapshotEntries: atLeast("snapshotEntries", options.snapshotEntries ?? 100_000, 1),
    snapshotBytes: atLeast("snapshotBytes", options.snapshotBytes ?? 64 * mib, 1),
    trailingEntries: atLeast("trailingEntries", options.trailingEntries ?? 10_000, 0),
    maxProposalBytes,
    observer: options.observer ?? {},
  };
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw badConfig(name, `an integer of at least ${least}`);
}

function badConfig(name: string, expected: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `${name}: expected ${expected}`);
}
